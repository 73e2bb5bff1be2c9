//! The SAM template: what it says, and whether it is sound.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value as Json;
use serde_norway::Value as Yaml;

use crate::{command, workspace};

const PATH: &str = "infra/template.yaml";

/// What checkov is told to leave, with reasons.
const SKIPS: &str = "infra/checkov.yaml";

/// The template as it is written.
pub(crate) struct Template(Yaml);

impl Template {
    pub(crate) fn read() -> Result<Self> {
        let text = fs::read_to_string(workspace::root().join(PATH)).with_context(|| format!("cannot read {PATH}"))?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self> {
        Ok(Self(serde_norway::from_str(text).with_context(|| format!("{PATH} is no YAML"))?))
    }

    /// The functions: the binary each is built from, and the names of its environment variables.
    pub(crate) fn functions(&self) -> Result<BTreeMap<String, BTreeSet<String>>> {
        let resources = self.0["Resources"].as_mapping().with_context(|| format!("{PATH} has no Resources"))?;
        let mut functions = BTreeMap::new();
        for (id, resource) in resources {
            if resource["Type"].as_str() != Some("AWS::Serverless::Function") {
                continue;
            }
            let id = id.as_str().unwrap_or_default();
            let binary = resource["Metadata"]["BuildProperties"]["Binary"]
                .as_str()
                .with_context(|| format!("{PATH}: {id} does not say which Binary it is built from"))?;
            let variables = [&self.0["Globals"]["Function"], &resource["Properties"]]
                .into_iter()
                .filter_map(|holder| holder["Environment"]["Variables"].as_mapping())
                .flat_map(|variables| variables.keys())
                .filter_map(|name| name.as_str().map(str::to_owned));
            functions.insert(binary.to_owned(), variables.collect());
        }
        Ok(functions)
    }

    /// The names of the parameters.
    pub(crate) fn parameters(&self) -> Vec<String> {
        let parameters = self.0["Parameters"].as_mapping().into_iter().flatten();
        parameters.filter_map(|(name, _)| Some(name.as_str()?.to_owned())).collect()
    }

    /// A parameter's default, if it has one that is a text.
    pub(crate) fn default_of(&self, parameter: &str) -> Option<String> {
        self.0["Parameters"][parameter]["Default"].as_str().map(str::to_owned)
    }

    /// The alarms: their ids and descriptions.
    pub(crate) fn alarms(&self) -> Vec<(String, String)> {
        let resources = self.0["Resources"].as_mapping().into_iter().flatten();
        let text = |value: &Yaml| value.as_str().unwrap_or_default().to_owned();
        resources
            .filter(|(_, resource)| resource["Type"].as_str() == Some("AWS::CloudWatch::Alarm"))
            .map(|(id, alarm)| (text(id), text(&alarm["Properties"]["AlarmDescription"])))
            .collect()
    }
}

/// Checks the template and what SAM makes of it.
pub(crate) fn check() -> Result<()> {
    let sam_region = ("AWS_DEFAULT_REGION", "us-east-1"); // the linters ask for one and call none
    command::run(command::venv("cfn-lint").arg(PATH))?;
    command::run(command::venv("sam").args(["validate", "--lint"]).env(sam_region.0, sam_region.1))?;

    let transformed =
        command::output(command::venv("python").args(["xtask/python/transform.py", PATH]).env(sam_region.0, sam_region.1))?;
    let file = workspace::target().join("template.transformed.json");
    fs::create_dir_all(workspace::target())?;
    fs::write(&file, &transformed).with_context(|| format!("cannot write {}", file.display()))?;
    command::run(command::venv("cfn-lint").arg(&file))?;
    for template in [workspace::root().join(PATH), file] {
        let mut checkov = Command::new(workspace::programs_of(&workspace::checkov()).join("checkov"));
        checkov.args([
            "--quiet",
            "--compact",
            "--framework",
            "cloudformation",
            "--skip-download",
            "--config-file",
            SKIPS,
            "--file",
        ]);
        command::run(checkov.arg(template).current_dir(workspace::root()))?;
    }

    let violations = unsound(&serde_json::from_str(&transformed).context("the transformed template is no JSON")?);
    for violation in &violations {
        println!("template: {violation}");
    }
    if !violations.is_empty() {
        bail!("{} properties of the template are not as they must be", violations.len());
    }
    println!("template: valid and sound, before and after SAM's transform");
    Ok(())
}

/// What the emulator does not act on and no linter knows: where failed events go, and how wide the policies are.
fn unsound(template: &Json) -> Vec<String> {
    let empty = serde_json::Map::new();
    let resources = template["Resources"].as_object().unwrap_or(&empty);
    let of_type = |wanted: &'static str| {
        resources.iter().filter(move |(_, resource)| resource["Type"] == wanted).map(|(id, one)| (id, &one["Properties"]))
    };
    let mut violations = Vec::new();
    let mut must = |holds: bool, sentence: String| {
        if !holds {
            violations.push(sentence);
        }
    };

    must(
        of_type("AWS::Scheduler::Schedule").count() == 3,
        "there are not exactly three schedules, of ticks, of the sweep and of the reconciler".to_owned(),
    );
    for (id, schedule) in of_type("AWS::Scheduler::Schedule") {
        let target = &schedule["Target"];
        must(target["DeadLetterConfig"]["Arn"].is_object(), format!("{id}: an event that is not delivered is lost"));
        must(target["RetryPolicy"]["MaximumRetryAttempts"] == 0, format!("{id}: a late poll is repeated"));
        must(schedule["Name"].is_null(), format!("{id}: a fixed name collides between two stacks"));
    }
    // Alarms go to people by e-mail, which has no queue for what failed.
    let of_function = |(_, subscription): &(_, &Json)| subscription["Protocol"] == "lambda";
    let subscriptions = || of_type("AWS::SNS::Subscription").filter(of_function);
    must(subscriptions().count() == 1, "not exactly one function subscribes to ticks".to_owned());
    for (id, subscription) in subscriptions() {
        let redrive = &subscription["RedrivePolicy"]["deadLetterTargetArn"];
        must(redrive.is_object(), format!("{id}: a tick that is not delivered is lost"));
    }
    for function in ["FetchQuotes", "Dispatch"] {
        let config = of_type("AWS::Lambda::EventInvokeConfig").find(|(_, config)| config["FunctionName"]["Ref"] == function);
        let Some((id, config)) = config else {
            must(false, format!("{function}: an event that it fails on is retried and lost"));
            continue;
        };
        must(config["DestinationConfig"]["OnFailure"]["Destination"].is_object(), format!("{id}: a failed event is lost"));
        must(config["MaximumEventAgeInSeconds"] == 60, format!("{id}: old ticks are still handled"));
        must(config["MaximumRetryAttempts"] == 0, format!("{id}: a tick is handled twice"));
    }
    for (id, role) in of_type("AWS::IAM::Role") {
        for statement in role["Policies"].as_array().into_iter().flatten().flat_map(statements) {
            let wide = strings(&statement["Action"]).chain(strings(&statement["Resource"])).any(is_wide);
            must(!wide, format!("{id}: a policy allows more than it names: {statement}"));
        }
    }
    must(
        of_type("AWS::ApiGatewayV2::Api").all(|(_, api)| api["Body"].is_null()),
        "an API is defined by an OpenAPI body, which ties its origin to the function that names its origin".to_owned(),
    );
    // The stage of the HTTP API; that of the WebSocket API, which SAM makes, has no log.
    let logs: Vec<_> = of_type("AWS::ApiGatewayV2::Stage").filter(|(_, stage)| stage["AccessLogSettings"].is_object()).collect();
    must(logs.len() == 1, format!("{} stages write an access log, not that of the HTTP API alone", logs.len()));
    for (id, stage) in logs {
        for secret in secrets_of_log(&stage["AccessLogSettings"]["Format"]) {
            must(false, format!("{id}: the access log {secret}"));
        }
    }
    for (id, distribution) in of_type("AWS::CloudFront::Distribution") {
        let config = &distribution["DistributionConfig"];
        let mut paths: Vec<_> =
            config["CacheBehaviors"].as_array().into_iter().flatten().filter_map(|one| one["PathPattern"].as_str()).collect();
        paths.sort_unstable();
        must(paths == ["/api/*", "/ws"], format!("{id}: serves {paths:?}"));
        must(config["CustomErrorResponses"].is_null(), format!("{id}: turns an API's 403 into a page"));
    }
    violations
}

/// What an access log may hold: nothing that a request's path, query, headers or body could bring.
const LOGGED: [&str; 8] = [
    "requestTimeEpoch",
    "requestId",
    "httpMethod",
    "routeKey",
    "status",
    "responseLatency",
    "responseLength",
    "integrationErrorMessage",
];

/// What is wrong with the format of an access log.
fn secrets_of_log(format: &Json) -> Vec<String> {
    let fields: Option<serde_json::Map<String, Json>> = format.as_str().and_then(|text| serde_json::from_str(text).ok());
    let Some(fields) = fields else { return vec!["is not one JSON object a line".to_owned()] };
    let known = |value: &Json| {
        value.as_str().and_then(|value| value.strip_prefix("$context.")).is_some_and(|name| LOGGED.contains(&name))
    };
    fields.iter().filter(|(_, value)| !known(value)).map(|(name, value)| format!("holds {value} as {name}")).collect()
}

fn statements(policy: &Json) -> impl Iterator<Item = &Json> {
    policy["PolicyDocument"]["Statement"].as_array().into_iter().flatten()
}

/// A property that is one string or a list of strings.
fn strings(property: &Json) -> impl Iterator<Item = &str> {
    let one = property.as_str().into_iter();
    one.chain(property.as_array().into_iter().flatten().filter_map(Json::as_str))
}

/// `*`, or all actions of a service.
fn is_wide(name: &str) -> bool {
    name == "*" || name.ends_with(":*")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn functions_and_their_variables_are_read_through_tags_and_anchors() {
        let template = "
Globals: {Function: {Environment: {Variables: {LOG_LEVEL: !Ref LogLevel}}}}
Resources:
  Table: {Type: AWS::DynamoDB::Table}
  Api:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: api}}
    Properties: {Environment: {Variables: {TABLE_NAME: &table !Ref Table, COPY: *table}}}
";
        let functions = Template::parse(template).unwrap().functions().unwrap();
        let api: Vec<_> = functions["api"].iter().collect();
        assert_eq!(api, ["COPY", "LOG_LEVEL", "TABLE_NAME"]);
    }

    fn sound() -> Json {
        let queue = json!({"Fn::GetAtt": ["Queue", "Arn"]});
        let invoke = |function: &str| {
            json!({"Type": "AWS::Lambda::EventInvokeConfig", "Properties": {
                "FunctionName": {"Ref": function}, "MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 0,
                "DestinationConfig": {"OnFailure": {"Destination": queue}}}})
        };
        let schedule = json!({"Type": "AWS::Scheduler::Schedule", "Properties": {
            "Target": {"DeadLetterConfig": {"Arn": queue}, "RetryPolicy": {"MaximumRetryAttempts": 0}}}});
        json!({"Resources": {
            "Schedule": schedule.clone(),
            "SweepSchedule": schedule.clone(),
            "ReconcileSchedule": schedule,
            "Subscription": {"Type": "AWS::SNS::Subscription", "Properties": {
                "Protocol": "lambda", "RedrivePolicy": {"deadLetterTargetArn": queue}}},
            "Mail": {"Type": "AWS::SNS::Subscription", "Properties": {"Protocol": "email"}},
            "FetchInvoke": invoke("FetchQuotes"),
            "DispatchInvoke": invoke("Dispatch"),
            "Stage": {"Type": "AWS::ApiGatewayV2::Stage", "Properties": {"AccessLogSettings": {
                "Format": r#"{"route":"$context.routeKey","status":"$context.status"}"#}}},
            "WsStage": {"Type": "AWS::ApiGatewayV2::Stage", "Properties": {}},
            "Role": {"Type": "AWS::IAM::Role", "Properties": {"Policies": [{"PolicyDocument": {"Statement": [
                {"Action": ["dynamodb:Query"], "Resource": queue}]}}]}},
        }})
    }

    #[test]
    fn a_sound_template_has_no_violation() {
        assert_eq!(unsound(&sound()), [""; 0]);
    }

    #[test]
    fn each_missing_property_is_one_violation() {
        let breaks: [(&str, Json); 10] = [
            ("/Resources/Subscription/Properties/Protocol", json!("sqs")),
            ("/Resources/Schedule/Properties/Target/DeadLetterConfig", json!({})),
            ("/Resources/Schedule/Properties/Target/RetryPolicy/MaximumRetryAttempts", json!(2)),
            ("/Resources/Subscription/Properties/RedrivePolicy", json!({})),
            ("/Resources/DispatchInvoke/Properties/MaximumEventAgeInSeconds", json!(3600)),
            ("/Resources/Role/Properties/Policies/0/PolicyDocument/Statement/0/Action", json!(["dynamodb:*"])),
            ("/Resources/Role/Properties/Policies/0/PolicyDocument/Statement/0/Resource", json!("*")),
            ("/Resources/Stage/Properties/AccessLogSettings", json!(null)),
            ("/Resources/Stage/Properties/AccessLogSettings/Format", json!("$context.path")),
            ("/Resources/Stage/Properties/AccessLogSettings/Format", json!(r#"{"path":"$context.path"}"#)),
        ];
        for (pointer, value) in breaks {
            let mut template = sound();
            *template.pointer_mut(pointer).unwrap() = value;
            assert_eq!(unsound(&template).len(), 1, "{pointer}");
        }
    }
}
