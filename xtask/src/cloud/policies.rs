//! The functions' policies: each action is needed, and none is too many.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::scenario::{STACK, World};
use crate::visitor::Guest;

pub(super) async fn run(world: &World<'_>, guest: &Guest) -> Result<()> {
    world.progress.step("the policies allow what the code needs, and nothing else");
    policies(world)?;
    denial(world, guest).await
}

/// Calls that each function's policy must allow, of those that `stack.py` tries; it must deny all others. Each action that stands
/// in a policy is also taken out of it: then one of these calls must fail, or this test would not see that it is missing.
fn policies(world: &World<'_>) -> Result<()> {
    let expected = [
        (
            "fetch-quotes",
            vec!["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:UpdateItem", "sns:Publish"],
        ),
        (
            "dispatch",
            vec![
                "dynamodb:DeleteItem",
                "dynamodb:GetItem",
                "dynamodb:PutItem",
                "dynamodb:Query",
                "dynamodb:UpdateItem",
                "execute-api POST",
                "kms:GetPublicKey",
                "kms:Sign",
                "sns:Publish",
            ],
        ),
        (
            "api",
            vec![
                "dynamodb:DeleteItem",
                "dynamodb:GetItem",
                "dynamodb:PutItem",
                "dynamodb:Query",
                "dynamodb:UpdateItem",
                "kms:GetPublicKey",
                "sns:Publish",
            ],
        ),
        (
            "ws-connect",
            vec![
                "dynamodb:DeleteItem",
                "dynamodb:GetItem",
                "dynamodb:PutItem",
                "dynamodb:Query",
                "dynamodb:UpdateItem",
                "execute-api POST",
            ],
        ),
    ];
    let found = world.emulator.ask(&["policies", STACK])?;
    for (function, calls) in expected {
        let allowed = &found[function]["allowed"];
        ensure!(*allowed == json!(calls), "the policy of {function} allows {allowed}\nand not {calls:?}");
        let missed: Vec<String> = serde_json::from_value(found[function]["missed"].clone())?;
        for call in calls {
            let action = if call == "execute-api POST" { "execute-api:ManageConnections" } else { call };
            ensure!(missed.iter().any(|one| one == action), "{function} without {action} passes this test; it misses {missed:?}");
        }
    }
    Ok(())
}

/// The functions themselves are under their roles, too: a denied one fails, and tells the client nothing of it.
async fn denial(world: &World<'_>, guest: &Guest) -> Result<()> {
    world.emulator.ask(&["deny", STACK, "api"])?;
    let (status, body) = guest.get("/watchlists").await?;
    world.emulator.ask(&["allow", STACK, "api"])?;
    ensure!(status.is_server_error(), "api still reads the table that its role may not read: {status} {body}");
    let told = body.to_string();
    ensure!(!told.contains("AccessDenied") && !told.contains("dynamodb"), "the client is told too much: {told}");
    let lists: Value = guest.get_ok("/watchlists").await?;
    lists["watchlists"].as_array().map(drop).with_context(|| format!("the lists are {lists}"))
}
