"""Questions and orders of the cloud test to the emulator, given with AWS's own SDK. Each prints one JSON value.

    stack.py outputs STACK              the stack's outputs
    stack.py queues STACK               messages in the queues of what failed
    stack.py logs STACK FOLDER          writes each function's log to a file
    stack.py policies STACK             tries each function's policy, whole and with each action taken out of it
    stack.py deny STACK FUNCTION        denies a function every call on the table
    stack.py allow STACK FUNCTION       takes that back
    stack.py invoke STACK FUNCTION TYPE PAYLOAD   calls a function, waiting for its answer or as an event
    stack.py restart STACK FUNCTION     gives a function new environments, as a changed setting does
    stack.py listen STACK               copies what goes over the topic into a queue from now on; its address
    stack.py heard QUEUE                takes the copies out of that queue
    stack.py publish STACK MESSAGE      publishes to the topic
    stack.py connections STACK          ids of the connections in the table
    stack.py ghost STACK                adds the row of a connection that is not there; its id
    stack.py exists TABLE BUCKET        whether a table and a bucket are there
    stack.py newcomer                   keys of a user who may do nothing
"""

import hashlib
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
        "execute-api POST": lambda as_user: management(as_user, socket_api).post_to_connection(ConnectionId="none", Data=b"x"),
        "execute-api DELETE": lambda as_user: management(as_user, socket_api).delete_connection(ConnectionId="none"),
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

        def allowed():
            return {call for call, make in calls.items() if is_allowed(make, as_user)}

        whole, needed = allowed(), []
        for policy in iam.list_user_policies(UserName=user)["PolicyNames"]:
            document = iam.get_user_policy(UserName=user, PolicyName=policy)["PolicyDocument"]
            for statement in document["Statement"]:
                actions = statement["Action"]
                for action in actions if isinstance(actions, list) else [actions]:
                    statement["Action"] = [other for other in ([actions] if isinstance(actions, str) else actions) if other != action] or ["sts:GetSessionToken"]
                    iam.put_user_policy(UserName=user, PolicyName=policy, PolicyDocument=json.dumps(document))
                    # What the emulator enforces is missed at once.
                    if whole - allowed():
                        needed.append(action)
                statement["Action"] = actions
            iam.put_user_policy(UserName=user, PolicyName=policy, PolicyDocument=json.dumps(document))
        results[name] = {"allowed": sorted(whole), "missed": sorted(needed)}
    return results


def management(as_user, api):
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


def invoke(stack, function, kind, payload):
    answer = boto3.client("lambda").invoke(FunctionName=resource(stack, FUNCTIONS[function]), InvocationType=kind, Payload=payload.encode())
    body = answer["Payload"].read()
    return {"status": answer["StatusCode"], "error": answer.get("FunctionError"), "body": json.loads(body) if body else None}


def restart(stack, function):
    client, name = boto3.client("lambda"), resource(stack, FUNCTIONS[function])
    variables = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    client.update_function_configuration(FunctionName=name, Environment={"Variables": variables | {"RESTARTED": "once"}})
    client.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    client.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
    client.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})


def listen(stack):
    sqs = boto3.client("sqs")
    queue = sqs.create_queue(QueueName=f"{stack}-copies")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = outputs(stack)["TickTopicArn"]
    allow_topic = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [allow_topic]})})
    boto3.client("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
    )
    return queue


def heard(queue):
    sqs, bodies = boto3.client("sqs"), []
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            bodies.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return bodies


def publish(stack, message):
    boto3.client("sns").publish(TopicArn=outputs(stack)["TickTopicArn"], Message=message)


def connection_rows(stack):
    pages = boto3.client("dynamodb").get_paginator("scan").paginate(TableName=outputs(stack)["TableName"])
    return [item for page in pages for item in page["Items"] if item["pk"]["S"].startswith("WS#")]


def connections(stack):
    return sorted(row["sk"]["S"] for row in connection_rows(stack))


def ghost(stack):
    """A copy of a row that is there, under an id that no API ever gave out: what a socket leaves whose $disconnect was lost."""
    row, name = dict(connection_rows(stack)[0]), "Z2hvc3Q="
    shard = hashlib.sha256(name.encode()).digest()[0] % 16
    row |= {"pk": {"S": f"WS#{shard}"}, "sk": {"S": name}}
    # Older than the seconds within which a connection may still be opening.
    row["connected_at"] = {"N": str(int(row["connected_at"]["N"]) - 60_000)}
    boto3.client("dynamodb").put_item(TableName=outputs(stack)["TableName"], Item=row)
    return name


def exists(table, bucket):
    there = {"table": True, "bucket": True}
    for what, look in (
        ("table", lambda: boto3.client("dynamodb").describe_table(TableName=table)),
        ("bucket", lambda: boto3.client("s3").head_bucket(Bucket=bucket)),
    ):
        try:
            look()
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("404", "NoSuchBucket", "ResourceNotFoundException"):
                raise
            there[what] = False
    return there


def newcomer():
    iam = boto3.client("iam")
    iam.create_user(UserName="newcomer")
    access = iam.create_access_key(UserName="newcomer")["AccessKey"]
    return {"id": access["AccessKeyId"], "secret": access["SecretAccessKey"]}


if __name__ == "__main__":
    tasks = {
        task.__name__: task
        for task in (outputs, queues, logs, policies, deny, allow, invoke, restart, listen, heard, publish, connections, ghost, exists, newcomer)
    }
    json.dump(tasks[sys.argv[1]](*sys.argv[2:]), sys.stdout)
