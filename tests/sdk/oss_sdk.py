"""The official OSS client against the mock of tests/objects/mock.rs: what the mock says is what that client understands.

Usage: oss_sdk.py HOST:PORT BUCKET REGION KEY SECRET. Prints one line per check and fails on the first that does not hold.
"""

import sys

import oss2

ADDRESS, BUCKET, REGION, KEY, SECRET = sys.argv[1:]


def bucket(secret=SECRET, region=REGION, **more):
    auth = oss2.ProviderAuthV4(oss2.credentials.StaticCredentialsProvider(KEY, secret))
    return oss2.Bucket(auth, "http://" + ADDRESS, BUCKET, region=region, **more)


def check(what, found, expected):
    assert found == expected, f"{what}: found {found!r}, expected {expected!r}"
    print(f"ok {what}")


def failure(call):
    try:
        call()
    except oss2.exceptions.OssError as error:
        return error.status, error.code
    raise AssertionError("the call did not fail")


mine = bucket()
check("append makes", mine.append_object("sdk/log ä+~", 0, b"one\n").next_position, 4)
check("append goes on", mine.append_object("sdk/log ä+~", 4, b"two\n").next_position, 8)
for position in (0, 4, 9):
    check(f"append at {position}", failure(lambda: mine.append_object("sdk/log ä+~", position, b"x")), (409, "PositionNotEqualToLength"))
check("get", mine.get_object("sdk/log ä+~").read(), b"one\ntwo\n")
head = mine.head_object("sdk/log ä+~")
check("head", (head.content_length, head.object_type, head.headers["x-oss-next-append-position"]), (8, "Appendable", "8"))
check("a clock", abs(head.last_modified - oss2.utils.http_to_unixtime(head.headers["date"])) < 5, True)
mine.put_object("sdk/put", b"first")
check("put over", mine.put_object("sdk/put", b"second").status, 200)
check("append to what was put", failure(lambda: mine.append_object("sdk/put", 6, b"x")), (409, "ObjectNotAppendable"))
forbid = {"x-oss-forbid-overwrite": "true"}
check("forbidden to put over", failure(lambda: mine.put_object("sdk/put", b"third", headers=forbid)), (409, "FileAlreadyExists"))
for number in range(5):
    mine.put_object(f"sdk/many/{number}", b"x")
check("list", [found.key for found in oss2.ObjectIteratorV2(mine, prefix="sdk/many/", max_keys=2)], [f"sdk/many/{number}" for number in range(5)])
check("list after", [found.key for found in mine.list_objects_v2(prefix="sdk/many/", start_after="sdk/many/2").object_list], ["sdk/many/3", "sdk/many/4"])
mine.delete_object("sdk/put")
check("gone", failure(lambda: mine.get_object("sdk/put").read()), (404, "NoSuchKey"))
check("another secret", failure(lambda: bucket(secret="wrong").get_object("sdk/log ä+~")), (403, "SignatureDoesNotMatch"))
check("another region", failure(lambda: bucket(region="cn-beijing").get_object("sdk/log ä+~")), (403, "AccessDenied"))
