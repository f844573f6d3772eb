//! `rescind redrive`: what waits in the two queues of failures and why, and to have it judged again.

mod message;
mod queue;

use std::io::Write;

use anyhow::{Result, bail};
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use chrono::{DateTime, SecondsFormat, Utc};
use clap::Args;
use policy::text::{chain, name};
use remedy::caller::CallerError;
use remedy::{AwsCall, Failure, Named as _};
use serde::Serialize;

use self::message::{Envelope, Event, Function, Home, Message};
use self::queue::{Queue, Taken};
use crate::ago::long;
use crate::doctor::queues::FAILURES;
use crate::stack::{Place, QUEUE};
use crate::{feed, live};

/// What is looked at, and whether it is sent.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    place: Place,
    /// Send each event that can succeed to its function again, and delete its message once Lambda has accepted it. Without this, nothing changes.
    #[arg(long)]
    send: bool,
    /// Also send events whose error will occur again unless its cause has been removed.
    #[arg(long, requires = "send")]
    all: bool,
    /// Print one JSON document: `stack`, `messages` (each with `queue`, `id`, `function`, `call`, `actor`, `time`, `eventId`, `error`, `waitsSince`, `verdict` and
    /// perhaps `why`), how many are `sendable`, `sent` and `kept`, and whether there are `more`.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    /// It can be sent.
    Sendable,
    /// Lambda has it.
    Sent,
    /// It stays in its queue.
    Kept,
}

/// One message, fit to be shown.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    queue: &'static str,
    id: String,
    function: Option<String>,
    call: Option<String>,
    actor: Option<String>,
    time: Option<String>,
    event_id: Option<String>,
    error: Option<String>,
    waits_since: Option<String>,
    #[serde(skip)]
    sent: Option<DateTime<Utc>>,
    verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// Prints what waits, and sends what can succeed if that is asked for. Fails if something was to be sent and a message is left.
pub fn run(arguments: &Arguments, out: &mut impl Write) -> Result<()> {
    let runtime = live::runtime()?;
    let caller = live::caller()?;
    let stack = runtime.block_on(arguments.place.read(&aws_sdk_cloudformation::Client::new(&caller.config("CLOUDFORMATION"))))?;
    let lambda = aws_sdk_lambda::Client::new(&caller.config("LAMBDA"));
    let sqs = aws_sdk_sqs::Client::new(&caller.config("SQS"));
    let feeds = runtime.block_on(feed::all(&lambda, &stack)).map_err(|call| chain(&CallerError::from(call)));
    let home = Home { stack: &stack, feeds: feeds.as_deref().map_err(String::as_str) };
    let redrive = Redrive { home, lambda: &lambda, arguments };
    let (mut lines, mut more, mut ended) = (Vec::new(), false, Ok(()));
    for logical in FAILURES {
        let Some(part) = stack.named(QUEUE, logical) else { bail!("the stack {} has no queue {logical}", name(&stack.name)) };
        let mut queue = Queue::of(&sqs, &part.physical);
        let emptied = runtime.block_on(redrive.empty(logical, &mut queue, &mut lines));
        more |= queue.is_enough();
        // What was taken is given back, however this ends.
        let given = runtime.block_on(queue.give_back());
        ended = ended.and(emptied).and(given);
    }
    lines.sort_by_key(|line| line.sent);
    print(&stack.name, &lines, more, arguments, out)?;
    ended.map_err(CallerError::from)?;
    let left = lines.iter().filter(|line| line.why.is_some()).count();
    if arguments.send && left > 0 {
        bail!("{} left in a queue", messages(left));
    }
    Ok(())
}

struct Redrive<'a> {
    home: Home<'a>,
    lambda: &'a aws_sdk_lambda::Client,
    arguments: &'a Arguments,
}

impl Redrive<'_> {
    async fn empty(&self, logical: &'static str, queue: &mut Queue<'_>, lines: &mut Vec<Line>) -> Result<(), AwsCall> {
        loop {
            let messages = queue.take().await?;
            if messages.is_empty() {
                return Ok(());
            }
            for taken in messages {
                let envelope = Envelope { attributes: &taken.attributes, moved_from: taken.moved_from.as_deref() };
                let message = match logical {
                    "UndeliveredEvents" => self.home.undelivered(&taken.body, envelope),
                    _ => self.home.failed(&taken.body, envelope),
                };
                let (verdict, why) = match message.verdict(self.home.stack, self.arguments.all) {
                    Err(why) => (Verdict::Kept, Some(why)),
                    Ok(_) if !self.arguments.send => (Verdict::Sendable, None),
                    Ok((function, event)) => self.send(function, event, queue, &taken).await,
                };
                lines.push(line(logical, &taken, message, verdict, why));
            }
        }
    }

    /// Has the event judged again. Its message goes only once Lambda has accepted it.
    async fn send(&self, function: &Function, event: &Event, queue: &mut Queue<'_>, taken: &Taken) -> (Verdict, Option<String>) {
        let invoked = self.lambda.invoke().function_name(&function.arn).invocation_type(InvocationType::Event);
        let invoked = invoked.payload(Blob::new(event.text.clone())).send().await.named("lambda:InvokeFunction of", &function.name);
        match invoked {
            Err(call) if call.failure == Failure::NotFound => (Verdict::Kept, Some(format!("the function {} is gone", function.name))),
            Err(call) => (Verdict::Kept, Some(CallerError::from(call).to_string())),
            Ok(_) => match queue.delete(taken).await {
                Ok(()) => (Verdict::Sent, None),
                Err(call) => (Verdict::Sent, Some(format!("it is still in its queue: {}", CallerError::from(call)))),
            },
        }
    }
}

fn line(queue: &'static str, taken: &Taken, message: Message, verdict: Verdict, why: Option<String>) -> Line {
    let event = message.event.ok();
    let of = |part: fn(&Event) -> Option<String>| event.as_ref().and_then(part);
    Line {
        queue,
        id: taken.id.clone(),
        function: message.function.ok().map(|function| function.name),
        call: of(|event| Some(event.call.clone())),
        actor: of(|event| event.actor.clone()),
        time: of(|event| event.time.clone()),
        event_id: of(|event| event.id.clone()),
        error: message.error,
        waits_since: taken.sent.map(|sent| sent.to_rfc3339_opts(SecondsFormat::Secs, true)),
        sent: taken.sent,
        verdict,
        why,
    }
}

fn print(stack: &str, lines: &[Line], more: bool, arguments: &Arguments, out: &mut impl Write) -> Result<()> {
    let [sendable, sent, kept] =
        [Verdict::Sendable, Verdict::Sent, Verdict::Kept].map(|verdict| lines.iter().filter(|line| line.verdict == verdict).count());
    if arguments.json {
        let document =
            serde_json::json!({ "stack": stack, "messages": lines, "sendable": sendable, "sent": sent, "kept": kept, "more": more });
        return Ok(writeln!(out, "{document:#}")?);
    }
    let now = Utc::now();
    for line in lines {
        show(line, now, out)?;
    }
    if lines.is_empty() {
        return Ok(writeln!(out, "nothing waits")?);
    }
    writeln!(out, "{}: {sendable} can be sent again, {sent} sent, {kept} kept", messages(lines.len()))?;
    if more {
        writeln!(out, "there may be more than {} in a queue: run this again", queue::MOST)?;
    }
    if sendable > 0 {
        writeln!(
            out,
            "nothing was changed: --send sends them. Whoever may send messages to these queues can write one, so send an event about a call only if \
             CloudTrail's event history has its id"
        )?;
    }
    if sendable + sent > 0 {
        let alarms = format!("{}-<function>-uninvited", name(stack));
        writeln!(out, "the alarm {alarms} rings for what is sent, because no rule delivers it: tell whoever gets it (docs/operations.md)")?;
    }
    Ok(())
}

fn show(line: &Line, now: DateTime<Utc>, out: &mut impl Write) -> Result<()> {
    let said = |text: &Option<String>| text.clone().unwrap_or_else(|| "unknown".to_owned());
    let waits = line.sent.map_or_else(|| "unknown".to_owned(), |sent| long(now - sent));
    writeln!(out, "{} in {}, for {waits}", line.id, line.queue)?;
    writeln!(out, "  function  {}", said(&line.function))?;
    writeln!(out, "  call      {} by {} at {}, event {}", said(&line.call), said(&line.actor), said(&line.time), said(&line.event_id))?;
    writeln!(out, "  error     {}", said(&line.error))?;
    let why = line.why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
    let verdict = match line.verdict {
        Verdict::Sendable => "can be sent again",
        Verdict::Sent => "sent again",
        Verdict::Kept => "kept",
    };
    Ok(writeln!(out, "  {verdict}{why}")?)
}

fn messages(number: usize) -> String {
    format!("{number} message{}", if number == 1 { "" } else { "s" })
}
