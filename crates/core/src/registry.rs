//! The one command list: typed functions with a name, the role that each needs, and the shapes of question and answer.
//! The window, the loopback web server and the command line all run this list.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value as Json;

use crate::{fault::Fault, office::Desk, office::View, paper::Paper, people::Role};

type Query = Box<dyn Fn(&View<'_>, Json) -> Result<Json, Fault> + Send + Sync>;
type Action = Box<dyn Fn(&mut Desk<'_>, Json) -> Result<Json, Fault> + Send + Sync>;
type Shape = Box<dyn Fn(&mut SchemaGenerator) -> Schema + Send + Sync>;

/// How a command runs.
pub(crate) enum Run {
    /// Reads; cannot write.
    Query(Query),
    /// Decides and writes in one act.
    Action(Action),
}

/// One command.
pub struct Command {
    /// `noun.verb`.
    pub name: String,
    /// Who may call it.
    pub role: Role,
    pub(crate) run: Run,
    ask: Shape,
    answer: Shape,
    /// Whether it answers a [`Paper`].
    pub draws: bool,
}

impl Command {
    /// Whether it writes.
    #[must_use]
    pub fn writes(&self) -> bool {
        matches!(self.run, Run::Action(_))
    }
}

/// All commands by name.
#[derive(Default)]
pub struct Registry {
    commands: BTreeMap<String, Command>,
}

/// A command as `niangjia-office commands` prints it.
#[derive(Serialize)]
pub struct Description {
    /// `noun.verb`.
    pub name: String,
    /// Key of the role that it needs.
    pub role: &'static str,
    /// Whether it writes.
    pub action: bool,
    /// JSON Schema of the question.
    pub ask: Schema,
    /// JSON Schema of the answer.
    pub answer: Schema,
}

impl Registry {
    /// Lists a command that only reads.
    pub fn query<A, B>(
        &mut self,
        name: impl Into<String>,
        role: Role,
        run: impl Fn(&View<'_>, A) -> Result<B, Fault> + Send + Sync + 'static,
    ) where
        A: DeserializeOwned + JsonSchema,
        B: Serialize + JsonSchema,
    {
        let run = Run::Query(Box::new(move |view, ask| answer(run(view, question(ask)?)?)));
        self.add::<A, B>(name.into(), role, run);
    }

    /// Lists a command that writes.
    pub fn action<A, B>(
        &mut self,
        name: impl Into<String>,
        role: Role,
        run: impl Fn(&mut Desk<'_>, A) -> Result<B, Fault> + Send + Sync + 'static,
    ) where
        A: DeserializeOwned + JsonSchema,
        B: Serialize + JsonSchema,
    {
        let run = Run::Action(Box::new(move |desk, ask| answer(run(desk, question(ask)?)?)));
        self.add::<A, B>(name.into(), role, run);
    }

    fn add<A: JsonSchema, B: JsonSchema>(&mut self, name: String, role: Role, run: Run) {
        let command = Command {
            name: name.clone(),
            role,
            run,
            ask: Box::new(|g| g.subschema_for::<A>()),
            answer: Box::new(|g| g.subschema_for::<B>()),
            draws: B::schema_id() == Paper::schema_id(),
        };
        let twice = self.commands.insert(name, command);
        debug_assert!(twice.is_none(), "two commands of one name");
    }

    /// The command of that name.
    ///
    /// # Errors
    /// `command_unknown`.
    pub fn get(&self, name: &str) -> Result<&Command, Fault> {
        self.commands.get(name).ok_or_else(|| {
            Fault::new(
                "command_unknown",
                "这个版本没有这个功能。请更新程序。",
                "This version does not know the command. Update the program.",
            )
            .because(name)
        })
    }

    /// Every command with its shapes, and the definitions that they share.
    #[must_use]
    pub fn describe(&self) -> (Vec<Description>, serde_json::Map<String, Json>) {
        let mut generator = SchemaGenerator::default();
        let list = self
            .commands
            .values()
            .map(|c| Description {
                name: c.name.clone(),
                role: c.role.key(),
                action: c.writes(),
                ask: (c.ask)(&mut generator),
                answer: (c.answer)(&mut generator),
            })
            .collect();
        (list, generator.take_definitions(true))
    }
}

fn question<A: DeserializeOwned>(ask: Json) -> Result<A, Fault> {
    // A question without content may come as null or as an empty object.
    let ask = if ask.is_null() { Json::Object(serde_json::Map::new()) } else { ask };
    // serde's message may quote a value; only its place is kept.
    serde_json::from_value(ask).map_err(|e| Fault::question(safe(&e.to_string())))
}

fn safe(message: &str) -> String {
    let kept: Vec<&str> = message
        .split('`')
        .enumerate()
        .filter(|(i, _)| i % 2 == 0 || message.starts_with("missing field") || message.starts_with("unknown field"))
        .map(|(_, p)| p)
        .collect();
    let text = kept.join("`");
    text.split('"').step_by(2).collect::<Vec<_>>().join("…")
}

fn answer<B: Serialize>(b: B) -> Result<Json, Fault> {
    serde_json::to_value(b).map_err(Fault::question)
}
