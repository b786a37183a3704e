# SPDX-License-Identifier: Apache-2.0
"""What has to have happened to a technique: reads tests/attacks/techniques and judges outcomes and findings by it.

Pure functions of their arguments; each judge gives a list of complaints, empty where all is as it has to be.
"""
import os

BACKENDS = ("lsm", "fmod_ret", "trace")
ERRNO = {"refused": "EPERM", "hidden": "ENOENT"}
ANSWER = {"refused": "refused", "hidden": "hidden", "killed": "ended", "logged": "passed"}
HONEST = "honest"  # no rule: what has to pass without a word


class Rule:
    def __init__(self, name, action, effects):
        self.name, self.action = name, action
        self.effects = dict(zip(BACKENDS, effects))


class Technique:
    def __init__(self, rule, name, args, options):
        self.rule, self.name, self.args = rule.name, name, args
        self.action = rule.action
        self.rules = [rule.name, *options.pop("rule", "").split(",")]
        self.errno = options.pop("errno", "").split(",")
        self.effects = {backend: options.pop(backend, effect).split(",") for backend, effect in rule.effects.items()}
        self.fd, self.stage = options.pop("fd", ""), options.pop("stage", "")
        self.path, self.wants_port = options.pop("path", ""), options.pop("port", None) is not None
        self.target, self.make, self.place = (options.pop(name, "") for name in ("target", "make", "place"))
        self.audited = options.pop("audit", "yes") != "no"
        self.unless = [backend for backend in options.pop("unless", "").split(",") if backend]
        self.port = 0
        if options:
            raise ValueError(f"{name}: unknown options {sorted(options)}")


def load(*paths):
    """Gives the techniques in the files' order; ValueError with the line for whatever it does not understand."""
    rules, techniques = {}, []
    for path in paths:
        load_one(path, rules, techniques)
    return techniques


def load_one(path, rules, techniques):
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            try:
                if line.startswith("@"):
                    _, name, action, *effects = line.split()
                    known = ["passed"] if name == HONEST else ANSWER
                    if len(effects) != len(BACKENDS) or not set(effects) <= set(known):
                        raise ValueError("wants one effect for each backend")
                    rules[name] = Rule(name, action, effects)
                    continue
                head, args, options = line.split("|")
                name, rule = head.split()
                if any(name == technique.name for technique in techniques):
                    raise ValueError(f"{name} is there twice")
                pairs = (option.partition("=") for option in options.split())
                techniques.append(Technique(rules[rule], name, args.split(), {key: value for key, _, value in pairs}))
            except (KeyError, ValueError) as error:
                raise ValueError(f"{path}:{number}: {error}") from error


def is_of(finding, name):
    """By its own name of the program, or by a child of that."""
    process = finding.get("process") or {}
    family = [process, *(process.get("ancestry") or [])]
    # What /proc calls the program is read when the finding comes, and may be the next one by then.
    said = [text for member in family if member for text in (member.get("exe"), (member.get("argv") or "").split(" ")[0])]
    return any(os.path.basename(text or "").removesuffix(" (deleted)") == name for text in said)


def complaints_about(finding, technique, want):
    """`want`: field -> value that the finding has to have."""
    package, process = finding.get("package") or {}, finding.get("process") or {}
    told = finding.get("object") or {}
    is_there = {
        "action": finding.get("action"), "answer": finding.get("answer"), "mode": finding.get("mode"),
        "backend": finding.get("backend"), "installer": finding.get("installer"), "role": process.get("role"),
        "package": f"{package.get('ecosystem')}:{package.get('name')} {package.get('version')}",
    }
    if technique.wants_port:
        want, is_there["port"] = {**want, "port": technique.port}, told.get("port")
    if want.get("path"):
        is_there["path"] = told.get("path")
    return [f"finding {finding.get('id')}: {field} is {is_there[field]!r}, not {value!r}"
            for field, value in want.items() if value and is_there[field] != value]


def complaints_of_journal(findings, technique, want):
    """Some finding of this technique, under one of its rules, has to be as wanted."""
    own = [finding for finding in findings if is_of(finding, technique.name)]
    ruled = [finding for finding in own if finding.get("rule") in technique.rules]
    if not ruled:
        return [f"no finding under {technique.rule}, but {[finding.get('rule') for finding in own] or 'none at all'}"]
    return min((complaints_about(finding, technique, want) for finding in ruled), key=len)


def effect_of(outcome, technique):
    """Takes: what the technique reported. Gives: the effect that it is a sign of, None: of none."""
    if outcome == "killed":
        return "killed"
    if outcome == "allowed":
        return "logged"
    word, _, errno = outcome.partition(" ")
    if word != "refused":
        return None
    if errno in technique.errno or errno == ERRNO["refused"]:
        return "refused"
    return "hidden" if errno == ERRNO["hidden"] else None


def judge_honest(technique, outcome, findings):
    """The same enforcing and auditing."""
    complaints = [] if outcome == "allowed" else [f"outcome is {outcome!r}, not 'allowed'"]
    return complaints + [
        f"finding {finding.get('id')}: {finding.get('rule')} {finding.get('action')} {finding.get('object')}"
        for finding in findings if is_of(finding, technique.name) and finding.get("action") not in ("allow", "log")]


def judge_enforce(technique, outcome, findings, want, backend):
    if technique.rule == HONEST:
        return judge_honest(technique, outcome, findings)
    allowed = technique.effects[backend]
    effect = effect_of(outcome, technique)
    if effect not in allowed:
        return [f"outcome is {outcome!r}, not {' or '.join(allowed)}"]
    return complaints_of_journal(findings, technique, {
        **want, "mode": "enforce", "answer": ANSWER[effect], "action": technique.action})


def judge_audit(technique, outcome, twin, findings, want):
    if technique.rule == HONEST:
        return judge_honest(technique, outcome, findings)
    complaints = [] if outcome == twin else [f"outcome is {outcome!r}, without cordon {twin!r}"]
    return complaints + complaints_of_journal(findings, technique, {
        **want, "mode": "audit", "answer": "passed", "action": technique.action})
