"""Checks that Holdfast and huggingface_hub can read each other's cache.

Run it by hand after `npm run build`, with a Python that has huggingface_hub:

    python scripts/hub-cache-check.py

The script serves the tests' tiny model as a hub on loopback. Holdfast pulls the model, and Python must find it complete. Then
Python downloads it into another cache, and Holdfast must use that without fetching a file. Exits with 1 if a check fails.
"""

import hashlib
import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODEL = ROOT / "test/fixtures/models/llama"
REPO = "owner/tiny-llama"
COMMIT = "c0ffee".ljust(40, "0")
FILES = {path.name: path.read_bytes() for path in MODEL.iterdir()}
served = []


def large(name):
    return name.endswith(".safetensors")


def file_hash(name):
    content = FILES[name]
    if large(name):
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def listing():
    def sibling(name):
        entry = {"rfilename": name, "size": len(FILES[name]), "blobId": hashlib.sha1(name.encode()).hexdigest()}
        if large(name):
            entry["lfs"] = {"sha256": file_hash(name), "size": len(FILES[name]), "pointerSize": 134}
        else:
            entry["blobId"] = file_hash(name)
        return entry

    return {"_id": "1", "id": REPO, "sha": COMMIT, "siblings": [sibling(name) for name in FILES]}


def tree():
    """Returns the listing in the format of the tree API, which huggingface_hub 2 uses."""

    def entry(name):
        size = len(FILES[name])
        lfs = {"lfs": {"oid": file_hash(name), "size": size, "pointerSize": 134}} if large(name) else {}
        return {"type": "file", "path": name, "size": size, "oid": file_hash(name), **lfs}

    return [entry(name) for name in FILES]


class Hub(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self.answer(body=False)

    def do_GET(self):
        self.answer(body=True)

    def answer(self, body):
        path = self.path.split("?")[0]
        if path.startswith(f"/api/models/{REPO}"):
            content = json.dumps(tree() if "/tree/" in path else listing()).encode()
            self.reply(200, content, body, {"content-type": "application/json"})
            return
        name = path.removeprefix(f"/{REPO}/resolve/").split("/", 1)[-1]
        if name not in FILES:
            self.reply(404, b"", body, {"x-error-code": "EntryNotFound"})
            return
        if body:
            served.append(name)
        headers = {"etag": f'"{file_hash(name)}"', "x-repo-commit": COMMIT, "accept-ranges": "bytes"}
        self.reply(200, FILES[name], body, headers)

    def reply(self, status, content, body, headers):
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        if body:
            self.wfile.write(content)

    def log_message(self, *_):
        pass


def holdfast(cache, endpoint, *args, offline=False):
    environment = {**os.environ, "HF_ENDPOINT": endpoint, "HF_HUB_CACHE": cache, "HF_HUB_OFFLINE": str(int(offline))}
    command = ["node", str(ROOT / "dist/cli/main.js"), *args]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True)


def layout(cache):
    """Returns every file and folder of the repository in a cache."""
    return sorted(str(path.relative_to(cache)) for path in pathlib.Path(cache).glob("models--*/**/*"))


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    os.environ.update(HF_ENDPOINT=endpoint, HF_HUB_DISABLE_TELEMETRY="1", HF_HUB_DISABLE_XET="1")
    import huggingface_hub
    from huggingface_hub import scan_cache_dir, snapshot_download, try_to_load_from_cache

    print(f"huggingface_hub {huggingface_hub.__version__}")
    failures = []

    def check(claim, holds):
        print(f"{'ok  ' if holds else 'FAIL'} {claim}")
        if not holds:
            failures.append(claim)

    with tempfile.TemporaryDirectory() as ours, tempfile.TemporaryDirectory() as theirs:
        snapshot = pathlib.Path(holdfast(ours, endpoint, "pull", REPO).stdout.strip())
        needed = sorted(path.name for path in snapshot.iterdir())
        report = scan_cache_dir(ours)
        check("scan_cache_dir gives no warnings", report.warnings == [])
        check("scan_cache_dir finds the repository", [repo.repo_id for repo in report.repos] == [REPO])
        revisions = [revision for repo in report.repos for revision in repo.revisions]
        check("... at its commit, as main", [(r.commit_hash, set(r.refs)) for r in revisions] == [(COMMIT, {"main"})])
        found = sorted(file.file_name for revision in revisions for file in revision.files)
        check(f"... with {', '.join(needed)}", found == needed)
        size = sum(len(FILES[name]) for name in needed)
        check(f"... of {size} bytes", report.size_on_disk == size)
        paths = {name: try_to_load_from_cache(REPO, name, cache_dir=ours) for name in needed}
        check("try_to_load_from_cache finds every file", all(isinstance(path, str) for path in paths.values()))
        same = all(pathlib.Path(path).read_bytes() == FILES[name] for name, path in paths.items())
        check("... with its bytes", same)
        served.clear()
        patterns = {"allow_patterns": needed}
        again = snapshot_download(REPO, cache_dir=ours, **patterns)
        check("snapshot_download fetches no file again", served == [] and pathlib.Path(again) == snapshot)

        downloaded = snapshot_download(REPO, cache_dir=theirs, **patterns)
        check("both caches have the same files in the same places", layout(theirs) == layout(ours))
        served.clear()
        pulled = holdfast(theirs, endpoint, "pull", REPO).stdout.strip()
        check("pull fetches no file that Python has downloaded", served == [] and pulled == downloaded)
        offline = holdfast(theirs, endpoint, "pull", REPO, offline=True).stdout.strip()
        check("... and finds it offline", offline == downloaded)
    server.shutdown()
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
