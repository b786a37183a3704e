# SPDX-License-Identifier: Apache-2.0
"""A Python index on the loopback interface that asks for a password: the archives of a folder, to whoever logs in."""
import base64
import http.server
import os
import threading


class Index:
    """Serves until closed. `logins`: the passwords that were given."""

    def __init__(self, folder):
        self.logins, served = set(), self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802  (http.server's name)
                scheme, _, login = self.headers.get("Authorization", "").partition(" ")
                user, _, password = base64.b64decode(login).decode().partition(":")
                if scheme != "Basic" or user != "user":
                    self.answer(401, b"", ("WWW-Authenticate", 'Basic realm="index"'))
                    return
                served.logins.add(password)
                body = served.find(folder, self.path)
                self.answer(404 if body is None else 200, body or b"",
                            ("Content-Type", "text/html" if self.path[-1] == "/" else "application/gzip"))

            def answer(self, status, body, *headers):
                self.send_response(status)
                for header in (*headers, ("Content-Length", str(len(body)))):
                    self.send_header(*header)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, password):
        return f"http://user:{password}@127.0.0.1:{self.port}/simple/"

    @staticmethod
    def find(folder, path):
        parts = path.strip("/").split("/")
        if parts[0] == "simple" and len(parts) == 2:
            names = [name for name in sorted(os.listdir(folder)) if name.startswith(parts[1] + "-")]
            return "".join(f'<a href="/files/{name}">{name}</a>\n' for name in names).encode() if names else None
        if parts[0] == "files" and len(parts) == 2 and parts[1] in os.listdir(folder):
            with open(os.path.join(folder, parts[1]), "rb") as file:
                return file.read()
        return None

    def close(self):
        self.server.shutdown()
        self.server.server_close()
