"""Asks the official credentials library which keys it chooses in each case of a table, and prints them as JSON.

No network: the library's one HTTP function is replaced by one that follows the rule of the fakes in
tests/credentials/fake.rs.
"""

import importlib
import json
import os
import pathlib
import sys
import tempfile

from Tea.core import TeaCore

EXPIRATION = "2099-01-01T00:00:00Z"
ROLES = "/latest/meta-data/ram/security-credentials/"
metadata_mode = "none"


class Answer:
    def __init__(self, status, body):
        self.status_code = status
        self.body = body.encode()
        self.headers = {}


def keys(access_key_id):
    return {
        "Code": "Success",
        "AccessKeyId": access_key_id,
        "AccessKeySecret": "secret-of-" + access_key_id,
        "SecurityToken": "token-of-" + access_key_id,
        "Expiration": EXPIRATION,
    }


def metadata(request):
    path = request.pathname
    token = request.headers.get("X-aliyun-ecs-metadata-token")
    if metadata_mode == "none" or (metadata_mode == "v1" and request.method == "PUT"):
        return Answer(404, "")
    if request.method == "PUT":
        return Answer(403, "") if metadata_mode == "refuses" else Answer(200, "metadata-token")
    if metadata_mode == "hardened" and token != "metadata-token":
        return Answer(403, "")
    role = path[len(ROLES):]
    return Answer(200, json.dumps(keys(f"STS.{role}.ecs")) if role else "instance-role")


def answer(request, runtime_options=None):
    host = request.headers.get("host", "")
    if host == "100.100.100.200":
        return metadata(request)
    if host == "127.0.0.1" and request.pathname == "/credentials":
        return Answer(200, json.dumps(keys("STS.uri")))
    if not host.startswith("sts."):
        raise OSError("no network here: " + host)
    query = request.query
    role = query["RoleArn"].rsplit("/", 1)[1]
    if query["Action"] == "AssumeRoleWithOIDC":
        giver = query["OIDCToken"]
    else:
        giver = query["AccessKeyId"]
        expected = "token-of-" + giver if giver.startswith("STS.") else None
        if query.get("SecurityToken") != expected:
            return Answer(400, '{"Code": "InvalidSecurityToken.Malformed"}')
    return Answer(200, json.dumps({"RequestId": "R-1", "Credentials": keys(f"STS.{role}.{giver}")}))


def choose(case):
    global metadata_mode
    metadata_mode = case["metadata"]
    with tempfile.TemporaryDirectory() as home:
        def fill(text):
            return text.replace("{home}", home).replace("{uri}", "http://127.0.0.1:1/credentials")

        for name, content in case["files"].items():
            path = pathlib.Path(home, name.removeprefix("~/"))
            path.parent.mkdir(parents=True, exist_ok=True)
            text = fill(content if isinstance(content, str) else json.dumps(content))
            path.write_text(text)
            path.chmod(0o700 if text.startswith("#!") else 0o600)
        os.environ.clear()
        os.environ.update({name: fill(value) for name, value in case["env"].items()})
        os.environ.update(HOME=home, PATH="/usr/bin:/bin")
        # The library reads the environment when it is imported.
        for name in [name for name in sys.modules if name.startswith("alibabacloud_credentials")]:
            del sys.modules[name]
        provider = importlib.import_module("alibabacloud_credentials.provider")
        try:
            return provider.DefaultCredentialsProvider().get_credentials().get_access_key_id()
        except Exception as error:
            print(case["name"], "->", error, file=sys.stderr)
            return None


TeaCore.do_action = staticmethod(answer)
with open(sys.argv[1], encoding="utf-8") as table:
    chosen = {case["name"]: choose(case) for case in json.load(table)}
print(json.dumps(chosen))
sys.stdout.flush()
# The library leaves schedulers behind that would keep the process alive.
os._exit(0)
