//! Adapters for AWS: DynamoDB, SNS and the API Gateway connections API.
