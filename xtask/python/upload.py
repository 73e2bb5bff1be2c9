"""Puts the built web UI into a stack's bucket: upload.py STACK FOLDER

Files below assets/ carry a hash in their names, so browsers keep them for ever; all others are asked for
again each time. Assets of earlier builds stay for a month: a page that is open still loads parts of its own build.
"""

import datetime
import mimetypes
import pathlib
import sys

import boto3

ASSETS = "assets/"
KEEP = datetime.timedelta(days=30)

mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("application/manifest+json", ".webmanifest")
mimetypes.add_type("font/woff2", ".woff2")

stack, folder = sys.argv[1], pathlib.Path(sys.argv[2])
described = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}
bucket, s3 = outputs["WebBucketName"], boto3.client("s3")

files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
# Assets first: nobody may get a page that names files which are not there yet.
for key in sorted(files, key=lambda key: (not key.startswith(ASSETS), key == "index.html", key)):
    lasting = key.startswith(ASSETS)
    s3.put_object(
        Bucket=bucket,
        Key=key,
        Body=files[key].read_bytes(),
        ContentType=mimetypes.guess_type(key)[0] or "application/octet-stream",
        CacheControl="public, max-age=31536000, immutable" if lasting else "no-cache",
    )

oldest = datetime.datetime.now(datetime.timezone.utc) - KEEP
for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
    for item in page.get("Contents", []):
        if item["Key"] not in files and (not item["Key"].startswith(ASSETS) or item["LastModified"] < oldest):
            s3.delete_object(Bucket=bucket, Key=item["Key"])

boto3.client("cloudfront").create_invalidation(
    DistributionId=outputs["DistributionId"],
    InvalidationBatch={
        "Paths": {"Quantity": 1, "Items": ["/*"]},
        "CallerReference": datetime.datetime.now(datetime.timezone.utc).isoformat(),
    },
)
print(f"{len(files)} files are at {outputs['WebUrl']}")
