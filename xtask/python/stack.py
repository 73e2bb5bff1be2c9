"""Questions of the cloud test to the emulator, asked with AWS's own SDK. Each prints one JSON value.

    stack.py outputs STACK              the stack's outputs
    stack.py queues STACK               messages in the queues of what failed
    stack.py logs STACK FOLDER          writes each function's log to a file
    stack.py policies STACK             tries each function's policy against calls inside and outside of it
    stack.py deny STACK FUNCTION        denies a function every call on the table
    stack.py allow STACK FUNCTION       takes that back
"""

import json
import os
import pathlib
import sys

import boto3
from botocore.exceptions import ClientError

FUNCTIONS = {"fetch-quotes": "FetchQuotes", "dispatch": "Dispatch", "api": "Api", "ws-connect": "WsConnect"}


def outputs(stack):
    described = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}


def resource(stack, logical_id):
    detail = boto3.client("cloudformation").describe_stack_resource(StackName=stack, LogicalResourceId=logical_id)
    return detail["StackResourceDetail"]["PhysicalResourceId"]


def queues(stack):
    sqs = boto3.client("sqs")
    found = {}
    for name in ("UndeliveredEvents", "FailedInvocations"):
        url = outputs(stack)[f"{name}Url"]
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        found[name] = [message["Body"] for message in answer.get("Messages", [])]
    return found


def logs(stack, folder):
    client = boto3.client("logs")
    for name, logical_id in FUNCTIONS.items():
        group = resource(stack, f"{logical_id}Logs")
        pages = client.get_paginator("filter_log_events").paginate(logGroupName=group)
        events = sorted((event["timestamp"], event["message"]) for page in pages for event in page["events"])
        text = "".join(message.rstrip("\n") + "\n" for _, message in events)
        pathlib.Path(folder, f"{name}.log").write_text(text, encoding="utf-8")
    return None


def policies(stack):
    """Gives a new user exactly a function's inline policies, and calls AWS as that user."""
    iam = boto3.client("iam")
    found = outputs(stack)
    table, topic, socket_api = found["TableName"], found["TickTopicArn"], found["WebSocketApiId"]
    signing_key = resource(stack, "VapidKey")
    key = {"pk": {"S": "POLICY#test"}, "sk": {"S": "-"}}
    update = {"UpdateExpression": "SET a = :a", "ExpressionAttributeValues": {":a": {"S": "1"}}}
    query = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": "POLICY#test"}}}
    calls = {
        "dynamodb:GetItem": lambda as_user: as_user("dynamodb").get_item(TableName=table, Key=key),
        "dynamodb:PutItem": lambda as_user: as_user("dynamodb").put_item(TableName=table, Item=key),
        "dynamodb:UpdateItem": lambda as_user: as_user("dynamodb").update_item(TableName=table, Key=key, **update),
        "dynamodb:DeleteItem": lambda as_user: as_user("dynamodb").delete_item(TableName=table, Key=key),
        "dynamodb:Query": lambda as_user: as_user("dynamodb").query(TableName=table, **query),
        "dynamodb:Scan": lambda as_user: as_user("dynamodb").scan(TableName=table),
        "dynamodb:DeleteTable": lambda as_user: as_user("dynamodb").delete_table(TableName="another"),
        "sns:GetTopicAttributes": lambda as_user: as_user("sns").get_topic_attributes(TopicArn=topic),
        "sns:Publish": lambda as_user: as_user("sns").publish(TopicArn=topic, Message="x" * 300_000),
        "kms:GetPublicKey": lambda as_user: as_user("kms").get_public_key(KeyId=signing_key),
        "kms:Sign": lambda as_user: as_user("kms").sign(KeyId=signing_key, Message=b"x", SigningAlgorithm="ECDSA_SHA_256"),
        "kms:ScheduleKeyDeletion": lambda as_user: as_user("kms").schedule_key_deletion(KeyId=signing_key),
        "execute-api POST": lambda as_user: connections(as_user, socket_api).post_to_connection(ConnectionId="none", Data=b"x"),
        "execute-api DELETE": lambda as_user: connections(as_user, socket_api).delete_connection(ConnectionId="none"),
    }
    results = {}
    for name, logical_id in FUNCTIONS.items():
        role, user = resource(stack, f"{logical_id}Role"), f"{stack}-{name}"
        iam.create_user(UserName=user)
        for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
            iam.put_user_policy(UserName=user, PolicyName=policy, PolicyDocument=json.dumps(document))
        access = iam.create_access_key(UserName=user)["AccessKey"]

        def as_user(service, **options):
            return boto3.client(service, aws_access_key_id=access["AccessKeyId"], aws_secret_access_key=access["SecretAccessKey"], **options)

        results[name] = sorted(call for call, make in calls.items() if is_allowed(make, as_user))
    return results


def connections(as_user, api):
    return as_user("apigatewaymanagementapi", endpoint_url=f"{os.environ['AWS_ENDPOINT_URL']}/_aws/execute-api/{api}/ws")


def is_allowed(call, as_user):
    """A call that gets past IAM may still fail: nobody is connected, and the message is too long to be published."""
    try:
        call(as_user)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        denied = code in ("AccessDenied", "AccessDeniedException", "AuthorizationError", "ForbiddenException") or status == 403
        if not denied and code not in ("GoneException", "410", "InvalidParameter", "InvalidParameterValue", "ResourceNotFoundException"):
            raise
        return not denied
    return True


def deny(stack, function):
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "dynamodb:*", "Resource": "*"}]}
    role = resource(stack, f"{FUNCTIONS[function]}Role")
    boto3.client("iam").put_role_policy(RoleName=role, PolicyName="deny", PolicyDocument=json.dumps(document))


def allow(stack, function):
    boto3.client("iam").delete_role_policy(RoleName=resource(stack, f"{FUNCTIONS[function]}Role"), PolicyName="deny")


if __name__ == "__main__":
    tasks = {task.__name__: task for task in (outputs, queues, logs, policies, deny, allow)}
    json.dump(tasks[sys.argv[1]](*sys.argv[2:]), sys.stdout)
