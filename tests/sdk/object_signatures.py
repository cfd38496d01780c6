"""Makes tests/fixtures/object_signature_vectors.json: what the official SDKs sign for an object store, with made-up keys.

Usage: pip install oss2==2.19.1 botocore==1.43.11; object_signatures.py > tests/fixtures/object_signature_vectors.json
"""

import datetime as real
import json
from types import SimpleNamespace

import botocore
import botocore.auth
import oss2
import oss2.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.utils import percent_encode

AT = real.datetime(2026, 11, 30, 8, 9, 10)
STAMP = AT.strftime("%Y%m%dT%H%M%SZ")
KEY, SECRET, TOKEN = "LTAI0000EXAMPLEKEYID", "ExampleSecret0000000000000000", "CAISxExample+Token/with==signs"
HOST = "audit-bucket.s3.eu-central-1.amazonaws.com"
BODY = b'{"line":1}\n'


class Clock(real.datetime):
    @classmethod
    def utcnow(cls):
        return AT

    @classmethod
    def now(cls, tz=None):
        return AT.replace(tzinfo=tz)


CASES = [
    ("get", "GET", "net/site-a/state/000000000042", {}, {}, b"", None),
    ("get with a range", "GET", "net/journal-7.jsonl", {}, {"range": "bytes=100-"}, b"", None),
    ("get with a token", "GET", "net/site-a/state/000000000042", {}, {}, b"", TOKEN),
    ("list", "GET", "", {"list-type": "2", "prefix": "net/site-a/", "start-after": "net/site-a/x y+z~", "max-keys": "1000"}, {}, b"", None),
    ("list goes on", "GET", "", {"list-type": "2", "prefix": "net/", "continuation-token": "Cgw=/+a b"}, {}, b"", TOKEN),
    ("put", "PUT", "net/runs/2026-11-30T08:09:10Z-a1", {}, {"content-type": "application/octet-stream"}, BODY, None),
    ("put where nothing is", "PUT", "net/notes/a", {}, {"content-type": "application/octet-stream", "if-none-match": "*"}, BODY, None),
    ("append", "POST", "net/site-a/journal-7.jsonl", {"append": "", "position": "123"}, {"content-type": "application/octet-stream"}, BODY, TOKEN),
    ("a name of many letters", "GET", "n\u00e4t/a b+c~d*e'f(g)!/h", {}, {}, b"", None),
    ("delete", "DELETE", "net/probe/1", {}, {}, b"", None),
]


def oss(case):
    name, method, key, query, headers, _, token = case
    provider = oss2.auth.StaticCredentialsProvider(KEY, SECRET, token)
    signer = oss2.auth.ProviderAuthV4(provider)
    oss2.auth.datetime = Clock
    request = SimpleNamespace(method=method, params=dict(query), headers=dict(headers), region="cn-hangzhou", product="oss", cloudbox_id=None)
    # These are signed besides what always is.
    more = [name for name in headers if name in ("if-none-match", "range")]
    signer._sign_request(request, "audit-bucket", key, more)
    mangled = "_ProviderAuthV4"
    additional = getattr(signer, mangled + "__get_additional_signed_headers")(more)
    canonical = getattr(signer, mangled + "__get_canonical_request_bytes")(request, "audit-bucket", key, additional).decode()
    signed = {k.lower(): v for k, v in request.headers.items() if k.lower() != "authorization"}
    return dict(name=name, method=method, path="/audit-bucket/" + key, query=query, headers=signed,
                payload_hash="UNSIGNED-PAYLOAD", canonical_request=canonical, authorization=request.headers["authorization"])


def aws(case):
    name, method, key, query, headers, body, token = case
    botocore.auth.get_current_datetime = lambda: AT.replace(tzinfo=None)
    signer = botocore.auth.S3SigV4Auth(Credentials(KEY, SECRET, token), "s3", "eu-central-1")
    url = "https://" + HOST + "/" + percent_encode(key, safe="/~")
    request = AWSRequest(method=method, url=url, params=query, headers=dict(headers), data=body)
    request.context = {"payload_signing_enabled": True}
    seen = []
    build = signer.canonical_request
    signer.canonical_request = lambda request: seen.append(build(request)) or seen[-1]
    signer.add_auth(request)
    signed = {k.lower(): v for k, v in request.headers.items() if k.lower() != "authorization"}
    signed["host"] = HOST
    return dict(name=name, method=method, path="/" + key, query=query, headers=signed,
                payload_hash=signed["x-amz-content-sha256"], canonical_request=seen[0], authorization=request.headers["Authorization"])


print(json.dumps({
    "_about": {
        "made_by": "tests/sdk/object_signatures.py",
        "sdk_versions": {"oss2": oss2.__version__, "botocore": botocore.__version__},
        "note": "oss: oss2.auth.ProviderAuthV4; aws: botocore.auth.S3SigV4Auth. All keys are made up.",
    },
    "at": STAMP, "access_key_id": KEY, "access_key_secret": SECRET,
    "oss_region": "cn-hangzhou", "aws_region": "eu-central-1",
    "oss": [oss(case) for case in CASES],
    "aws": [aws(case) for case in CASES if case[0] != "append"],
}, indent=1, ensure_ascii=False))
