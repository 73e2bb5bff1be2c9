"""Puts the built web UI into a stack's bucket: upload.py STACK FOLDER

Files below assets/ carry a hash in their names, so browsers keep them for ever; all others are asked for
again each time. Assets of earlier builds stay for a month: a page that is open still loads parts of its own build.
"""

import datetime
import hashlib
import mimetypes
import pathlib
import sys

import boto3

from account import Unusable, explained, stack

ASSETS = "assets/"
KEEP = datetime.timedelta(days=30)
# Above so many paths one wildcard is cheaper: AWS counts it as one path, of a thousand free ones a month.
PATHS = 30

mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("application/manifest+json", ".webmanifest")
mimetypes.add_type("font/woff2", ".woff2")


def upload(name, folder):
    found = stack(name)
    if found is None:
        raise Unusable(f"there is no stack {name} in this account and Region: `cargo xtask deploy --stack-name {name}` makes it")
    outputs = found["outputs"]
    bucket, s3 = outputs["WebBucketName"], boto3.client("s3")
    there = {item["Key"]: item for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket) for item in page.get("Contents", [])}
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}

    changed = []
    # Assets first: nobody may get a page that names files which are not there yet.
    for key in sorted(files, key=lambda key: (not key.startswith(ASSETS), key == "index.html", key)):
        lasting, body = key.startswith(ASSETS), files[key].read_bytes()
        same = key in there and there[key]["ETag"].strip('"') == hashlib.md5(body, usedforsecurity=False).hexdigest()
        # An asset is written again even so: its month begins with the last build that had it.
        if same and not lasting:
            continue
        s3.put_object(
            Bucket=bucket,
            Key=key,
            Body=body,
            ContentType=mimetypes.guess_type(key)[0] or "application/octet-stream",
            CacheControl="public, max-age=31536000, immutable" if lasting else "no-cache",
        )
        if not lasting:
            changed.append(key)

    oldest = datetime.datetime.now(datetime.timezone.utc) - KEEP
    for key in there.keys() - files.keys():
        if not key.startswith(ASSETS):
            changed.append(key)
        elif there[key]["LastModified"] >= oldest:
            continue
        s3.delete_object(Bucket=bucket, Key=key)

    # What has a hash in its name never changes, so nothing of it has to be forgotten.
    paths = sorted(f"/{key}" for key in changed) + (["/"] if "index.html" in changed else [])
    if paths:
        paths = paths if len(paths) <= PATHS else ["/*"]
        boto3.client("cloudfront").create_invalidation(
            DistributionId=outputs["DistributionId"],
            InvalidationBatch={
                "Paths": {"Quantity": len(paths), "Items": paths},
                "CallerReference": datetime.datetime.now(datetime.timezone.utc).isoformat(),
            },
        )
    print(f"{len(files)} files are at {outputs['WebUrl']}, {len(changed)} of them changed ({' '.join(paths) or 'nothing'} invalidated)")


if __name__ == "__main__":
    try:
        with explained():
            upload(sys.argv[1], pathlib.Path(sys.argv[2]))
    except Unusable as error:
        sys.exit(str(error))
