//! Ends the grant at Google. That ends every scope of our client for the account, so it is left to
//! the last connection that holds the account.

use calsync_core::integration::GOOGLE;
use calsync_core::outcome::{Operation, Outcome};
use calsync_google::Revoked;
use calsync_store::disconnects;
use calsync_store::integrations;
use jiff::SignedDuration;

use super::carrier::{Carrier, Taken};
use crate::EngineError;

/// How often we look whether another disconnect still needs the grant.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_secs(5);

/// Who else lives on the grant.
enum Others {
    Nobody,
    /// Another connection.
    Connected,
    /// A connection that is being disconnected, whose items are not removed yet.
    Removing,
}

pub(super) async fn revoke(carrier: &mut Carrier<'_>) -> Result<Taken, EngineError> {
    if carrier.saga.provider != GOOGLE {
        return Ok(Taken::skipped("calsync has no grant of its own at this provider."));
    }
    if !carrier.engine.settings().revoke {
        return Ok(Taken::skipped("google.revoke is set to never: the user can end the grant at Google."));
    }
    match others(carrier).await? {
        Others::Nobody => {}
        Others::Connected => {
            return Ok(Taken::skipped(
                "Another connection uses the same Google account, and revoking would end it too.",
            ));
        }
        Others::Removing => return Ok(carrier.wait(LOOK_AGAIN, false)),
    }
    let tokens = carrier.tokens().await?;
    let lives = tokens.expires_at.is_some_and(|end| end > carrier.now());
    let is_unreadable = tokens.are_unreadable();
    let token = tokens.refresh.or(tokens.access.filter(|_| lives));
    let Some(Ok(token)) = token.filter(|_| !is_unreadable) else {
        return Ok(Taken::could_not("We hold no token that can be read; only the user can end the grant."));
    };
    carrier.before_a_call().await?;
    let answer = carrier.engine.google().revoke(&token).await;
    let outcome = answer.as_ref().map(|revoked| match revoked {
        Revoked::Done => Outcome::Done,
        Revoked::AlreadySo => Outcome::AlreadySo,
    });
    carrier.journal.note(None, Operation::Revoke, outcome);
    Ok(match answer {
        Ok(Revoked::Done) => Taken::done("Google ended the grant."),
        Ok(Revoked::AlreadySo) => Taken::already_so("Google says that the grant was over before."),
        Err(failure) => carrier.later(&failure).unwrap_or_else(|| {
            let why = failure.reason.info().admin_sentence;
            Taken::could_not(format!("Google did not end the grant. {why}"))
        }),
    })
}

async fn others(carrier: &Carrier<'_>) -> Result<Others, EngineError> {
    let Some(account) = &carrier.integration.account_sub else { return Ok(Others::Nobody) };
    let mut tx = carrier.engine.store().read().await?;
    let sharing = integrations::of_account(&mut tx, GOOGLE, account).await?;
    if sharing.iter().any(|other| other.state.is_live()) {
        return Ok(Others::Connected);
    }
    let removes = disconnects::others_remove(&mut tx, &carrier.saga).await?;
    Ok(if removes { Others::Removing } else { Others::Nobody })
}
