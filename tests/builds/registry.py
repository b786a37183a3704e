# SPDX-License-Identifier: Apache-2.0
"""A registry on the loopback interface that serves npm tarballs of ours: only what came from one has an identity."""
import base64
import hashlib
import http.server
import json
import os
import threading
import urllib.parse

import mkpkg


class Registry:
    """`packages`: (manifest, files) each. Serves until closed, at `url`."""

    def __init__(self, folder, packages):
        self.documents, self.archives = {}, {}
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802  (http.server's name)
                body = registry.find(urllib.parse.unquote(self.path.partition("?")[0]))
                self.send_response(200 if body is not None else 404)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                try:
                    self.wfile.write(body or b"")
                except BrokenPipeError:  # whoever asked was ended
                    pass

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        for manifest, files in packages:
            self.add(folder, manifest, files)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def add(self, folder, manifest, files):
        name, version = manifest["name"], manifest["version"]
        with open(mkpkg.tarball(folder, manifest, files), "rb") as file:
            data = file.read()
        path = f"/{name}/-/{name.rpartition('/')[2]}-{version}.tgz"
        self.archives[path] = data
        document = self.documents.setdefault("/" + name, {
            "name": name, "dist-tags": {"latest": version}, "versions": {}})
        document["versions"][version] = {**manifest, "hasInstallScript": "scripts" in manifest or None, "dist": {
            "tarball": self.url.rstrip("/") + path,
            "shasum": hashlib.sha1(data).hexdigest(),
            "integrity": "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()}}

    def find(self, path):
        if path in self.documents:
            return json.dumps(self.documents[path]).encode()
        return self.archives.get(os.path.normpath(path))

    def close(self):
        self.server.shutdown()
        self.server.server_close()
