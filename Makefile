# SPDX-License-Identifier: Apache-2.0
# make help lists the targets. V=1 shows commands, O=DIR puts outputs elsewhere, SAN=1 builds with ASan and UBSan.

VERSION := 0.1.0
PREFIX ?= /usr/local
O ?= .output
V ?= 0
SAN ?= 0
VM ?= 1
T ?=

ifeq ($(V),1)
Q :=
msg = @:
else
Q := @
msg = @printf '  %-8s %s\n' "$(1)" "$(patsubst $(O)/%,%,$(2))"
MAKEFLAGS += --no-print-directory
endif

# Debian puts bpftool where a plain user's PATH does not look, and clang under versioned names.
find_first = $(firstword $(foreach c,$(1),$(shell PATH="$$PATH:/usr/sbin:/sbin" command -v $(c) 2>/dev/null)))
CLANG ?= $(call find_first,clang clang-19 clang-18 clang-17 clang-16 clang-15 clang-14)
LLVM_STRIP ?= $(call find_first,llvm-strip llvm-strip-19 llvm-strip-18 llvm-strip-17 llvm-strip-16 llvm-strip-15 llvm-strip-14)
BPFTOOL ?= $(call find_first,bpftool)
PKG_CONFIG ?= pkg-config
MULTIARCH := $(shell $(CC) -print-multiarch 2>/dev/null)
BPF_ARCH := $(patsubst aarch64,arm64,$(patsubst x86_64,x86,$(shell uname -m)))

PKGS := libbpf libelf zlib libcrypto sqlite3 jansson tomlplusplus libarchive libseccomp libcap-ng
WARN := -Wall -Wextra -Werror
CFLAGS ?= -O2 -g
CXXFLAGS ?= -O2 -g
BPF_CFLAGS = -g -O2 $(WARN) -Wno-unused-parameter -Wno-unused-function --target=bpf -D__TARGET_ARCH_$(BPF_ARCH) -I. -Ibpf -I$(O)/gen $(if $(MULTIARCH),-idirafter /usr/include/$(MULTIARCH))
CPPFLAGS_ALL = -D_GNU_SOURCE -DCORDON_VERSION='"$(VERSION)"' -DCORDON_PREFIX='"$(PREFIX)"' -Iuser -Ibpf -I$(O)/gen \
	$(shell $(PKG_CONFIG) --cflags $(PKGS) 2>/dev/null) $(CPPFLAGS)
CFLAGS_ALL = -std=gnu11 $(WARN) -Wmissing-prototypes -Wstrict-prototypes -Wshadow -Wvla -Wno-missing-field-initializers \
	-fstack-protector-strong -D_FORTIFY_SOURCE=2 $(SAN_FLAGS) $(CFLAGS)
CXXFLAGS_ALL = -std=c++17 $(WARN) -DTOML_HEADER_ONLY=0 $(SAN_FLAGS) $(CXXFLAGS)
LDLIBS_ALL = $(shell $(PKG_CONFIG) --libs $(PKGS) 2>/dev/null) -lstdc++ $(LDLIBS)
ifeq ($(SAN),1)
SAN_FLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
O := $(O)/san
endif

BPF_SRC := $(sort $(wildcard bpf/*.bpf.c))
BPF_OBJ := $(BPF_SRC:bpf/%.bpf.c=$(O)/bpf/%.bpf.o)
USER_SRC := $(sort $(wildcard user/*/*.c))
USER_OBJ := $(USER_SRC:%.c=$(O)/%.o) $(patsubst %.cpp,$(O)/%.o,$(sort $(wildcard user/*/*.cpp)))
UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c))
UNIT_BIN := $(UNIT_SRC:tests/unit/%.c=$(O)/unit/%)
TOOL_SRC := $(sort $(wildcard tests/tools/*.c))
TOOL_BIN := $(TOOL_SRC:tests/tools/%.c=$(O)/tools/%)
PRELOAD_LIB := $(patsubst tests/tools/preload/%.c,$(O)/tools/%.so,$(sort $(wildcard tests/tools/preload/*.c)))
SKEL := $(O)/gen/cordon.skel.h

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all deps check kernels demo vm vm-matrix bench install uninstall clean help lint tests-build

all: $(O)/cordon ## build the program

help: ## list the targets
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 14
	@printf '\n  %s\n' 'V=1 show commands   O=DIR outputs   SAN=1 sanitizers   VM=0 no guests   T=suite/case one test'

deps: ## install what is missing from the distribution (apt; uses sudo where needed)
	$(Q)dist/deps

$(O)/bpf $(O)/gen $(O)/unit $(O)/tools $(sort $(dir $(USER_OBJ))):
	$(Q)mkdir -p $@

$(O)/bpf/%.bpf.o: bpf/%.bpf.c Makefile | $(O)/bpf
	$(call msg,BPF,$@)
	$(Q)$(if $(CLANG),,echo "no clang: make deps" >&2; exit 1;)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c $< -o $@
	$(Q)$(LLVM_STRIP) -g $@

# The hooks that have a twin: every use of a macro of hook.bpf.h that makes one.
$(O)/gen/twins.h: $(BPF_SRC) Makefile | $(O)/gen
	$(Q)sed -nE 's/^CORDON_(HOOK[0-9A-Z_]*|TWIN)\(([a-z0-9_]+),.*/TWIN(\2)/p' $(BPF_SRC) > $@.new
	$(Q)cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(BPF_OBJ) $(O)/user/kernel/twin.o: $(O)/gen/twins.h

$(O)/gen/cordon.bpf.o: $(BPF_OBJ) | $(O)/gen
	$(call msg,GEN-OBJ,$@)
	$(Q)$(if $(BPFTOOL),,echo "no bpftool: make deps" >&2; exit 1;)$(BPFTOOL) gen object $@ $^

$(SKEL): $(O)/gen/cordon.bpf.o
	$(call msg,GEN-SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name cordon_bpf > $@

$(O)/user/%.o: user/%.c Makefile | $(sort $(dir $(USER_OBJ)))
	$(call msg,CC,$@)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -include user/base/banned.h -MMD -MP -c $< -o $@

$(O)/user/%.o: user/%.cpp Makefile | $(sort $(dir $(USER_OBJ)))
	$(call msg,CXX,$@)
	$(Q)$(CXX) $(CPPFLAGS_ALL) $(CXXFLAGS_ALL) -MMD -MP -c $< -o $@

# Only user/kernel/ includes libbpf, and so the skeleton.
$(filter $(O)/user/kernel/%,$(USER_OBJ)): | $(SKEL)

$(O)/cordon: $(O)/user/main.o $(USER_OBJ)
	$(call msg,LINK,$@)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS) -o $@ $^ $(LDLIBS_ALL)

$(O)/unit/%: tests/unit/%.c $(USER_OBJ) | $(O)/unit
	$(call msg,UNIT,$@)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -Itests/unit -MMD -MP -o $@ $< $(USER_OBJ) $(LDLIBS_ALL) $$($(PKG_CONFIG) --libs cmocka)

# Small programs that tests run; the kernel build of the judge is one of them, so they may use everything.
$(O)/tools/%: tests/tools/%.c $(USER_OBJ) | $(O)/tools $(SKEL)
	$(call msg,TOOL,$@)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -o $@ $< $(USER_OBJ) $(LDLIBS_ALL) -lpthread

# Without sanitizers: a raw clone or a vfork is not theirs to watch, and what costs is measured.
# Started some hundred times in a run, so without the program's libraries.
$(O)/tools/attack $(O)/tools/hammer $(O)/tools/loop $(O)/tools/uring: $(O)/tools/%: tests/tools/%.c Makefile | $(O)/tools
	$(call msg,TOOL,$@)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(filter-out $(SAN_FLAGS),$(CFLAGS_ALL)) -MMD -MP -o $@ $< -lpthread

# For LD_PRELOAD: what tests/limits lets cordon stumble over.
$(O)/tools/%.so: tests/tools/preload/%.c Makefile | $(O)/tools
	$(call msg,TOOL,$@)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(filter-out $(SAN_FLAGS),$(CFLAGS_ALL)) -fno-builtin -fPIC -shared -MMD -MP -o $@ $< -ldl

tests-build: $(O)/cordon $(UNIT_BIN) $(TOOL_BIN) $(PRELOAD_LIB)

check: tests-build ## run the tests, natively and in guests (VM=0: natively only; T=suite/case: one)
	$(Q)O=$(abspath $(O)) VM=$(VM) SAN=$(SAN) tests/run $(T)

kernels: ## fetch the guests' kernels (private apt configuration, nothing is installed)
	$(Q)tests/vm/fetch

vm: all ## open a shell in a guest: make vm KERNEL=6.1 LSM=1
	$(Q)O=$(abspath $(O)) tests/vm/guest --kernel "$(or $(KERNEL),newest)" $(if $(filter 0,$(LSM)),--no-bpf-lsm) --shell

vm-matrix: tests-build ## everything on every kernel
	$(Q)O=$(abspath $(O)) MATRIX=1 tests/run

demo: deps ## two real pip installs, guarded: an honest one and a hostile one
	$(Q)$(MAKE) all
	$(Q)O=$(abspath $(O)) dist/demo

bench: all $(O)/tools/loop $(O)/tools/programs ## what guarding costs
	$(Q)O=$(abspath $(O)) tests/bench/run

lint: ## shellcheck and the style tests
	$(Q)O=$(abspath $(O)) VM=0 tests/run lint

install: all ## install to DESTDIR, PREFIX
	install -D -m 0755 $(O)/cordon $(DESTDIR)$(PREFIX)/bin/cordon
	install -d $(DESTDIR)$(PREFIX)/share/cordon/installers $(DESTDIR)$(PREFIX)/share/cordon/zones \
		$(DESTDIR)$(PREFIX)/share/cordon/startup
	install -m 0644 policy/cordon.toml $(DESTDIR)$(PREFIX)/share/cordon/
	install -m 0644 policy/installers/*.toml $(DESTDIR)$(PREFIX)/share/cordon/installers/
	install -m 0644 policy/zones/*.list $(DESTDIR)$(PREFIX)/share/cordon/zones/
	install -m 0644 policy/startup/*.toml $(DESTDIR)$(PREFIX)/share/cordon/startup/
	install -D -m 0644 LICENSE $(DESTDIR)$(PREFIX)/share/doc/cordon/LICENSE
	install -D -m 0644 README.md $(DESTDIR)$(PREFIX)/share/doc/cordon/README.md

uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/cordon
	rm -rf $(DESTDIR)$(PREFIX)/share/cordon $(DESTDIR)$(PREFIX)/share/doc/cordon

clean: ## remove the outputs
	rm -rf $(O)

-include $(BPF_OBJ:.o=.d) $(USER_OBJ:.o=.d) $(O)/user/main.d $(UNIT_BIN:=.d) $(TOOL_BIN:=.d) $(PRELOAD_LIB:.so=.d)
