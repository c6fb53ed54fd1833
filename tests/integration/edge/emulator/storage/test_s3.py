"""The S3 protocol as boto3 speaks it, through the gateway: by header, by URL, in pieces."""

import io
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import httpx
import psycopg
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from edge.emulator.postgres.cluster import Cluster
from edge.emulator.storage.app import create_storage_app
from edge.emulator.storage.config import S3_ACCESS_KEY, S3_SECRET_KEY, StorageConfig
from edge.emulator.storage.database import create_pool
from edge.gateway.app import Gateway
from edge.tokens import Keys, mint
from tests.support.serving import HttpServer, LoopThread
from tests.support.storage_service import ANN, SECRET

MB = 1024 * 1024
ANON_KEY = "the-anon-key"
Client = Any
Connect = Callable[..., Client]


@pytest.fixture
def connect(cluster: Cluster, database: str, tmp_path: Any) -> Iterator[Connect]:
    """Return a function that makes clients; the server is the gateway in front of Storage."""
    loop = LoopThread()
    pool = create_pool(cluster.dsn(database, user="supabase_storage_admin"))
    config = StorageConfig(
        Keys(SECRET), tmp_path / "files", 20 * MB, durable=False, anon_keys=(ANON_KEY,)
    )
    app = create_storage_app(pool, config)

    async def start() -> HttpServer:
        server = HttpServer(Gateway({"/storage/v1": app}, {}))
        await server.start()
        return server

    server = loop.run(start())

    def make(
        access: str = S3_ACCESS_KEY,
        secret: str = S3_SECRET_KEY,
        token: str | None = None,
        **more: Any,
    ) -> Client:
        return boto3.client(
            "s3",
            endpoint_url=f"{server.url}/storage/v1/s3",
            region_name="local",
            aws_access_key_id=access,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 0}, **more),
        )

    yield make
    loop.run(server.close())
    loop.run(pool.close())
    loop.close()


@pytest.fixture
def s3(connect: Connect) -> Client:
    client = connect()
    client.create_bucket(Bucket="docs")
    return client


def status(raised: pytest.ExceptionInfo[ClientError]) -> int:
    """Return the status; boto3 reads no code from the platform's errors, which have a namespace."""
    response: Any = raised.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"]


def test_buckets_are_made_listed_described_and_removed(s3: Client) -> None:
    assert [each["Name"] for each in s3.list_buckets()["Buckets"]] == ["docs"]
    assert s3.head_bucket(Bucket="docs")["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert s3.get_bucket_location(Bucket="docs")["LocationConstraint"] == "local"
    assert s3.get_bucket_versioning(Bucket="docs")["Status"] == "Suspended"
    with pytest.raises(ClientError) as taken:
        s3.create_bucket(Bucket="docs")
    s3.delete_bucket(Bucket="docs")
    with pytest.raises(ClientError) as gone:
        s3.head_bucket(Bucket="docs")

    assert status(taken) == 409
    assert status(gone) == 404


@pytest.mark.parametrize("checksum", [None, "CRC32", "SHA1", "SHA256"])
def test_an_object_comes_back_whole_with_its_metadata(s3: Client, checksum: str | None) -> None:
    data = bytes(range(256)) * 1500
    more = {"ChecksumAlgorithm": checksum} if checksum else {}
    s3.put_object(
        Bucket="docs",
        Key="a/a b+c=&.bin",
        Body=io.BytesIO(data),
        ContentType="image/png",
        CacheControl="max-age=60",
        Metadata={"colour": "red"},
        **more,
    )
    found = s3.get_object(Bucket="docs", Key="a/a b+c=&.bin")
    about = s3.head_object(Bucket="docs", Key="a/a b+c=&.bin")

    assert found["Body"].read() == data
    assert (found["ContentType"], found["CacheControl"]) == ("image/png", "max-age=60")
    assert found["Metadata"] == about["Metadata"] == {"colour": "red"}
    assert (about["ContentLength"], about["ETag"]) == (len(data), found["ETag"])
    assert s3.get_object_tagging(Bucket="docs", Key="a/a b+c=&.bin")["TagSet"] == []


def test_ranges_and_conditions(s3: Client) -> None:
    etag = s3.put_object(Bucket="docs", Key="a", Body=b"0123456789")["ETag"]

    def read(**options: Any) -> bytes:
        return s3.get_object(Bucket="docs", Key="a", **options)["Body"].read()

    assert (read(Range="bytes=2-4"), read(Range="bytes=-3")) == (b"234", b"789")
    assert read(IfMatch=etag) == b"0123456789"
    for options, wanted in (
        ({"Range": "bytes=10-"}, 416),
        ({"IfMatch": '"other"'}, 412),
        ({"IfNoneMatch": etag}, 304),
    ):
        with pytest.raises(ClientError) as refused:
            read(**options)
        assert status(refused) == wanted
    with pytest.raises(ClientError) as exists:
        s3.put_object(Bucket="docs", Key="a", Body=b"new", IfNoneMatch="*")
    assert status(exists) == 412


@pytest.mark.parametrize("method", ["list_objects", "list_objects_v2"])
def test_listing_page_by_page_sees_each_key_and_folder_once(s3: Client, method: str) -> None:
    names = ["a.txt", "b/1", "b/2", "b/c/3", "d e/4", "z"]
    for name in names:
        s3.put_object(Bucket="docs", Key=name, Body=b"x")

    def walk(**options: Any) -> list[str]:
        paging = {"PageSize": 1}
        pages = s3.get_paginator(method).paginate(Bucket="docs", PaginationConfig=paging, **options)
        found: list[str] = []
        for page in pages:
            found += [each["Key"] for each in page.get("Contents", ())]
            found += [each["Prefix"] for each in page.get("CommonPrefixes", ())]
        return found

    assert walk() == names
    assert walk(Delimiter="/") == ["a.txt", "b/", "d e/", "z"]
    assert walk(Prefix="b/", Delimiter="/") == ["b/1", "b/2", "b/c/"]
    assert walk(Prefix="b") == ["b/1", "b/2", "b/c/3"]


def test_copies_also_of_encoded_names_and_with_new_metadata(s3: Client) -> None:
    s3.put_object(Bucket="docs", Key="a b.txt", Body=b"x", Metadata={"n": "1"})
    s3.copy_object(Bucket="docs", Key="c", CopySource={"Bucket": "docs", "Key": "a b.txt"})
    s3.copy_object(
        Bucket="docs",
        Key="d",
        CopySource="docs/c",
        MetadataDirective="REPLACE",
        ContentType="text/css",
        Metadata={"n": "2"},
    )

    assert s3.get_object(Bucket="docs", Key="c")["Metadata"] == {"n": "1"}
    copied = s3.get_object(Bucket="docs", Key="d")
    assert (copied["Body"].read(), copied["Metadata"]) == (b"x", {"n": "2"})
    assert copied["ContentType"].startswith("text/css")
    with pytest.raises(ClientError) as other:
        s3.copy_object(Bucket="docs", Key="e", CopySource="docs/c", CopySourceIfMatch='"no"')
    assert status(other) == 412


def test_deleting_one_and_many(s3: Client) -> None:
    for name in ("a", "b", "c"):
        s3.put_object(Bucket="docs", Key=name, Body=b"x")
    s3.delete_object(Bucket="docs", Key="a")
    answer = s3.delete_objects(
        Bucket="docs", Delete={"Objects": [{"Key": "b"}, {"Key": "nothing <&>"}]}
    )

    assert [each["Key"] for each in answer["Deleted"]] == ["b", "nothing <&>"]
    assert [each["Key"] for each in s3.list_objects_v2(Bucket="docs")["Contents"]] == ["c"]


def test_a_large_file_goes_up_in_parts_and_leaves_no_part(s3: Client, tmp_path: Any) -> None:
    data = bytes(range(251)) * (9 * MB // 251)
    s3.upload_fileobj(io.BytesIO(data), "docs", "big")
    target = io.BytesIO()
    s3.download_fileobj("docs", "big", target)

    assert target.getvalue() == data
    assert len(list((tmp_path / "files").glob("??/*"))) == 1
    assert s3.list_multipart_uploads(Bucket="docs").get("Uploads") is None


def test_parts_are_listed_copied_and_aborted(s3: Client, tmp_path: Any) -> None:
    s3.put_object(Bucket="docs", Key="source", Body=b"0123456789")
    upload = s3.create_multipart_upload(Bucket="docs", Key="new")["UploadId"]
    about = {"Bucket": "docs", "Key": "new", "UploadId": upload}
    sent = s3.upload_part(**about, PartNumber=1, Body=b"sent,")["ETag"]
    copied = s3.upload_part_copy(
        **about, PartNumber=2, CopySource="docs/source", CopySourceRange="bytes=3-5"
    )["CopyPartResult"]["ETag"]
    first = s3.list_parts(**about, MaxParts=1)
    rest = s3.list_parts(**about, PartNumberMarker=first["NextPartNumberMarker"])
    assert [each["ETag"] for page in (first, rest) for each in page["Parts"]] == [sent, copied]

    parts = [{"PartNumber": 1, "ETag": sent}, {"PartNumber": 2, "ETag": copied}]
    s3.complete_multipart_upload(**about, MultipartUpload={"Parts": parts})
    assert s3.get_object(Bucket="docs", Key="new")["Body"].read() == b"sent,345"

    other = s3.create_multipart_upload(Bucket="docs", Key="other")["UploadId"]
    about = {"Bucket": "docs", "Key": "other", "UploadId": other}
    s3.upload_part(**about, PartNumber=1, Body=b"x")
    s3.abort_multipart_upload(**about)
    assert len(list((tmp_path / "files").glob("??/*"))) == 2
    with pytest.raises(ClientError) as gone:
        s3.list_parts(**about)
    assert status(gone) == 404


def test_presigned_urls_read_and_write_until_they_expire(s3: Client) -> None:
    about = {"Bucket": "docs", "Key": "a b/u.txt"}
    put = s3.generate_presigned_url("put_object", about, ExpiresIn=60)
    get = s3.generate_presigned_url(
        "get_object", {**about, "ResponseContentDisposition": 'attachment; filename="n.txt"'}
    )

    assert httpx.put(put, content=b"by URL").status_code == 200
    answer = httpx.get(get)
    assert (answer.status_code, answer.content) == (200, b"by URL")
    assert answer.headers["content-disposition"] == 'attachment; filename="n.txt"'
    altered = httpx.get(get.replace("X-Amz-Expires=3600", "X-Amz-Expires=3601"))
    assert (altered.status_code, altered.headers["content-type"]) == (
        403,
        "application/xml; charset=utf-8",
    )
    assert "<Resource>docs/a b/u.txt</Resource><Code>SignatureDoesNotMatch</Code>" in altered.text
    stale = s3.generate_presigned_url("get_object", about, ExpiresIn=0)
    assert httpx.get(stale).status_code == 403


def post_form(s3: Client, fields: dict[str, str], **changes: Any) -> httpx.Response:
    """Send a presigned form with its fields, of which `changes` replace some."""
    conditions: list[Any] = [{name: value} for name, value in fields.items()]
    conditions.append(["content-length-range", 2, 20])
    form = s3.generate_presigned_post(
        "docs", "in/${filename}", fields, conditions, changes.pop("expires", 60)
    )
    file = ("u.txt", changes.pop("file", b"by form"), "text/plain")
    return httpx.post(form["url"], data=form["fields"] | changes, files={"file": file})


def test_presigned_forms_upload_what_their_policy_allows(s3: Client) -> None:
    fields = {"Content-Type": "text/plain", "X-Amz-Meta-Kind": "form"}
    assert post_form(s3, fields).status_code == 200
    found = s3.get_object(Bucket="docs", Key="in/u.txt")
    assert (found["Body"].read(), found["Metadata"]) == (b"by form", {"kind": "form"})
    created = post_form(s3, fields | {"success_action_status": "201"})
    assert (created.status_code, "<Key>in/u.txt</Key>" in created.text) == (201, True)


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"expires": -1}, 400, "ExpiredToken"),
        ({"policy": "e30="}, 403, "SignatureDoesNotMatch"),
        ({"x-amz-signature": "00"}, 403, "SignatureDoesNotMatch"),
        ({"x-amz-credential": "a/b/c/s3/aws4_request"}, 403, "AccessDenied"),
        ({"x-amz-algorithm": "none"}, 403, "AccessDenied"),
        ({"key": "elsewhere"}, 403, "AccessDenied"),
        ({"Content-Type": "text/html"}, 403, "AccessDenied"),
        ({"x-amz-meta-more": "1"}, 403, "AccessDenied"),
        ({"file": b"x" * 21}, 413, "EntityTooLarge"),
        ({"file": b"x"}, 400, "EntityTooSmall"),
    ],
)
def test_presigned_forms_that_differ_from_their_policy_are_refused(
    s3: Client, changes: dict[str, Any], status: int, code: str
) -> None:
    answer = post_form(s3, {"Content-Type": "text/plain"}, **changes)
    assert (answer.status_code, code in answer.text) == (status, True), answer.text
    assert s3.list_objects_v2(Bucket="docs")["KeyCount"] == 0


def test_a_session_token_acts_as_its_user_under_policies(
    connect: Connect, s3: Client, cluster: Cluster, database: str
) -> None:
    with psycopg.connect(cluster.dsn(database), autocommit=True) as connection:
        connection.execute(
            "create policy own on storage.objects to authenticated"
            " using ((storage.foldername(name))[1] = (select auth.uid()::text))"
            " with check ((storage.foldername(name))[1] = (select auth.uid()::text))"
        )
    token = mint(SECRET, "authenticated", sub=ANN)
    ann = connect("project", ANON_KEY, token)
    s3.put_object(Bucket="docs", Key="hidden", Body=b"x")
    ann.put_object(Bucket="docs", Key=f"{ANN}/a", Body=b"mine")

    assert [each["Key"] for each in ann.list_objects_v2(Bucket="docs")["Contents"]] == [f"{ANN}/a"]
    for refused, wanted in (
        (lambda: ann.put_object(Bucket="docs", Key="other/a", Body=b"x"), 403),
        (lambda: ann.get_object(Bucket="docs", Key="hidden"), 404),
        (lambda: ann.delete_object(Bucket="docs", Key="hidden"), 403),
        (lambda: ann.create_multipart_upload(Bucket="docs", Key="other/b"), 403),
        (lambda: ann.copy_object(Bucket="docs", Key=f"{ANN}/b", CopySource="docs/hidden"), 404),
        (lambda: connect("project", "wrong", token).list_buckets(), 403),
        (lambda: connect("project", ANON_KEY, "no token").list_buckets(), 403),
    ):
        with pytest.raises(ClientError) as raised:
            refused()
        assert status(raised) == wanted
    many = ann.delete_objects(
        Bucket="docs", Delete={"Objects": [{"Key": "hidden"}, {"Key": f"{ANN}/a"}]}
    )
    assert [each["Key"] for each in many["Errors"]] == ["hidden"]


def test_what_is_refused(connect: Connect, s3: Client) -> None:
    for client in (connect(secret="x" * 40), connect(access="0" * 32)):
        with pytest.raises(ClientError) as stranger:
            client.list_buckets()
        assert status(stranger) == 403
    with pytest.raises(ClientError) as digest:
        s3.put_object(Bucket="docs", Key="a", Body=b"x", ContentMD5="1B2M2Y8AsgTpgAmY7PhCfg==")
    assert status(digest) == 400
    with pytest.raises(ClientError) as large:
        s3.put_object(Bucket="docs", Key="a", Body=io.BytesIO(b"x" * (20 * MB + 1)))
    assert status(large) == 413
    with pytest.raises(ClientError) as acl:
        connect().get_bucket_acl(Bucket="docs")
    assert status(acl) == 501
    assert connect().list_objects_v2(Bucket="docs").get("Contents") is None
