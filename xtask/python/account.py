"""Questions and orders of `cargo xtask deploy`, `destroy` and `smoke` to an AWS account. Each prints one JSON value;
what goes wrong is said in one sentence with its fix, on stderr.

    account.py identity                 who asks, where, and how many functions the account may run at once
    account.py stack STACK              the stack's status, parameters and outputs; null when there is none
    account.py failures STACK           what the stack's last change failed on
    account.py destroy STACK            deletes the stack, and its web files where the bucket goes with it
    account.py sizes FOLDER             bytes of each function's package, zipped as SAM zips it
"""

import contextlib
import io
import json
import pathlib
import sys
import zipfile

import boto3
from botocore import exceptions

RENEW = "renew them (`aws sso login`, or new keys)"


class Unusable(Exception):
    """The sentence to show."""


@contextlib.contextmanager
def explained():
    """Turns what AWS and its SDK say into a sentence that names the fix."""
    try:
        yield
    except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError) as error:
        raise Unusable(
            "there are no AWS credentials: set AWS_PROFILE (`aws configure` makes profiles), or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        ) from error
    except exceptions.ProfileNotFound as error:
        raise Unusable(f"{error}: choose another AWS_PROFILE, or make it with `aws configure --profile NAME`") from error
    except exceptions.NoRegionError as error:
        raise Unusable("no Region is chosen: give --region, as in --region eu-central-1, or set AWS_REGION") from error
    except (exceptions.SSOTokenLoadError, exceptions.UnauthorizedSSOTokenError, exceptions.TokenRetrievalError) as error:
        raise Unusable(f"the AWS sign-in has expired: {RENEW}") from error
    except exceptions.EndpointConnectionError as error:
        raise Unusable(f"{error}: is the Region's name right, and is there a network?") from error
    except exceptions.ClientError as error:
        code, said = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
        if code in ("ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch"):
            raise Unusable(f"AWS refuses the credentials ({code}): {RENEW}") from error
        if code in ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation"):
            raise Unusable(f"{error.operation_name} is not allowed: {said}") from error
        raise Unusable(f"{error.operation_name} failed ({code}): {said}") from error


def identity():
    who = boto3.client("sts").get_caller_identity()
    concurrency = None
    # A hint, not a condition: whoever may deploy need not be allowed to ask.
    with contextlib.suppress(exceptions.ClientError, exceptions.ParamValidationError):
        concurrency = boto3.client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    return {"arn": who["Arn"], "account": who["Account"], "region": boto3.client("cloudformation").meta.region_name, "concurrency": concurrency}


def described(stack):
    try:
        return boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    except exceptions.ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError" and "does not exist" in str(error):
            return None
        raise


def stack(name):
    found = described(name)
    return found and {
        "status": found["StackStatus"],
        "parameters": {one["ParameterKey"]: one.get("ParameterValue", "") for one in found.get("Parameters", [])},
        "outputs": {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])},
    }


def failures(name):
    """The failed steps of the last change, first first; a stack that is not there has none."""
    events = []
    try:
        for page in boto3.client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=name):
            events.extend(page["StackEvents"])
    except exceptions.ClientError:
        return []
    failed = []
    for event in events:  # newest first
        if event["ResourceType"] == "AWS::CloudFormation::Stack" and event["ResourceStatus"] in STARTS:
            break
        reason = event.get("ResourceStatusReason", "")
        # Steps that were only cut short by another's failure say nothing.
        if event["ResourceStatus"].endswith("_FAILED") and "cancelled" not in reason.lower():
            failed.append({"resource": event["LogicalResourceId"], "reason": reason})
    return failed[::-1]


STARTS = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "REVIEW_IN_PROGRESS")


def destroy(name):
    cloudformation, s3 = boto3.client("cloudformation"), boto3.client("s3")
    known = stack(name)
    # A bucket that has files cannot be deleted; these can be built again.
    if known["parameters"].get("DataPolicy") == "Delete" and "WebBucketName" in known["outputs"]:
        bucket = known["outputs"]["WebBucketName"]
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            keys = [{"Key": item["Key"]} for item in page.get("Contents", [])]
            if keys:
                s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
    cloudformation.delete_stack(StackName=name)
    try:
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 5, "MaxAttempts": 360})
    except exceptions.WaiterError as error:
        steps = "; ".join(f"{step['resource']}: {step['reason']}" for step in failures(name))
        raise Unusable(f"the stack could not be deleted: {steps or error}") from error
    return None


def sizes(folder):
    found = {}
    for package in sorted(path for path in pathlib.Path(folder).iterdir() if path.is_dir()):
        zipped = io.BytesIO()
        with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(path for path in package.rglob("*") if path.is_file()):
                archive.write(file, file.relative_to(package))
        found[package.name] = zipped.tell()
    return found


if __name__ == "__main__":
    tasks = {task.__name__: task for task in (identity, stack, failures, destroy, sizes)}
    try:
        with explained():
            json.dump(tasks[sys.argv[1]](*sys.argv[2:]), sys.stdout)
    except Unusable as error:
        sys.exit(str(error))
