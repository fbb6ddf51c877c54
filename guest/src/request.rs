//! The JSON the host sends, as types: OPEN, CONTROL and HELLO payloads. Shape only: what a value
//! means is checked by the module that acts on it.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::Deserialize;

use crate::refusal::{Answer, Code, Refusal};

/// nesting allowed in a JSON payload
const MAX_DEPTH: usize = 16;

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum UserSpec {
    Ids { uid: u32, gid: Option<u32> },
    Named(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct Size {
    pub cols: u16,
    pub rows: u16,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ExecRequest {
    pub argv: Option<Vec<String>>,
    pub shell: Option<String>,
    pub command: Option<String>,
    pub args: Vec<String>,
    pub auto: Option<String>,
    pub login: bool,
    pub env: Vec<String>,
    pub cwd: Option<String>,
    pub user: Option<UserSpec>,
    pub stdin: bool,
    pub stdout: Option<bool>,
    pub stderr: Option<bool>,
    pub pty: Option<Size>,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    File,
    Tar,
    Any,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Placement {
    Exact,
    Cp {
        #[serde(rename = "sourceName")]
        source_name: String,
        #[serde(default)]
        contents: bool,
    },
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CopyInRequest {
    pub path: String,
    pub format: Format,
    pub user: Option<UserSpec>,
    pub mode: Option<u32>,
    #[serde(default)]
    pub make_parents: bool,
    pub placement: Option<Placement>,
    pub unpacked_size: Option<u64>,
}

#[derive(Debug, Deserialize)]
pub struct CopyOutRequest {
    pub path: String,
    pub format: Format,
    pub user: Option<UserSpec>,
    #[serde(default)]
    pub exclude: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PowerAction {
    Poweroff,
    Reboot,
}

#[derive(Debug, Deserialize)]
pub struct PowerRequest {
    pub action: PowerAction,
}

#[derive(Debug, Deserialize)]
pub struct Network {
    pub interface: String,
    pub address: std::net::Ipv4Addr,
    pub prefix: u8,
    pub gateway: Option<std::net::Ipv4Addr>,
    #[serde(default)]
    pub dns: Vec<std::net::IpAddr>,
    pub mac: Option<String>,
    pub ipv6: Option<Ipv6Network>,
}

#[derive(Debug, PartialEq, Deserialize)]
pub struct Ipv6Network {
    pub address: std::net::Ipv6Addr,
    pub prefix: u8,
    pub gateway: Option<std::net::Ipv6Addr>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConfigureRequest {
    pub hostname: Option<String>,
    pub machine_id: Option<String>,
    pub network: Option<Network>,
    pub time_ns: Option<String>,
    pub entropy: Option<String>,
    pub grow_root: bool,
    pub ssh_keys: Vec<String>,
    /// for `reidentify`, each with `type`, `privateKey` and `publicKey`
    pub ssh_host_keys: Option<Vec<serde_json::Value>>,
    pub userdata: Option<String>,
    pub mounts: Vec<serde_json::Value>,
}

/// Where a connection goes.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Target {
    Tcp { host: String, port: u16 },
    Unix { unix: String },
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix { unix } => f.write_str(unix),
        }
    }
}

#[derive(Debug, Deserialize)]
pub struct ForwardRequest {
    pub target: Target,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FsAction {
    Stat,
    Readdir,
    Mkdir,
    Remove,
}

#[derive(Debug, Deserialize)]
pub struct FsRequest {
    pub action: FsAction,
    pub path: String,
    pub user: Option<UserSpec>,
    #[serde(default)]
    pub recursive: bool,
    pub mode: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WatchRequest {
    pub paths: Vec<String>,
    #[serde(default)]
    pub patterns: Vec<String>,
    #[serde(default)]
    pub events: Vec<String>,
    #[serde(default)]
    pub recursive: bool,
    pub user: Option<UserSpec>,
    pub debounce_ms: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BackgroundAction {
    Start,
    List,
    Logs,
    Kill,
    Wait,
    Reap,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackgroundRequest {
    pub action: BackgroundAction,
    pub id: Option<String>,
    #[serde(default)]
    pub from_id: u64,
    #[serde(default)]
    pub follow: bool,
    pub signal: Option<String>,
    pub grace_ms: Option<u64>,
}

/// What starts a program in the background, besides how to run it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BackgroundStart {
    pub ring_bytes: Option<u64>,
    pub note: String,
}

#[derive(Debug)]
pub enum Request {
    Health,
    Exec(ExecRequest),
    CopyIn(CopyInRequest),
    CopyOut(CopyOutRequest),
    Stats,
    Power(PowerRequest),
    Configure(Box<ConfigureRequest>),
    Forward(ForwardRequest),
    Fs(FsRequest),
    /// with the length of the request, in bytes
    Start(Box<ExecRequest>, BackgroundStart, usize),
    Background(BackgroundRequest),
    Watch(WatchRequest),
    Quiesce,
    Reidentify(Box<ConfigureRequest>),
}

impl Request {
    /// Whether doing it writes to a file system, in the agent itself.
    pub fn writes(&self) -> bool {
        match self {
            Self::CopyIn(_) | Self::Configure(_) | Self::Reidentify(_) => true,
            Self::Fs(request) => matches!(request.action, FsAction::Mkdir | FsAction::Remove),
            _ => false,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Control {
    pub resize: Option<Size>,
    pub signal: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hello {
    pub protocol: u32,
    pub window: u32,
    pub time_ns: Option<String>,
}

#[derive(Deserialize)]
struct Operation {
    op: String,
}

/// An OPEN payload as a request; `bad_request` or `unsupported` when it is none.
pub fn parse_request(json: &[u8]) -> Answer<Request> {
    let operation: Operation = parse(json)?;
    Ok(match operation.op.as_str() {
        "health" => Request::Health,
        "exec" => Request::Exec(parse(json)?),
        "copyIn" => Request::CopyIn(parse(json)?),
        "copyOut" => Request::CopyOut(parse(json)?),
        "stats" => Request::Stats,
        "power" => Request::Power(parse(json)?),
        "configure" => Request::Configure(configuration(json)?),
        "forward" => Request::Forward(parse(json)?),
        "fs" => Request::Fs(parse(json)?),
        "background" => background(json)?,
        "watch" => Request::Watch(parse(json)?),
        "quiesce" => Request::Quiesce,
        "reidentify" => Request::Reidentify(configuration(json)?),
        other => {
            let message = format!("this agent does not know the operation {other:?}");
            return Err(Refusal::new(Code::Unsupported, message));
        }
    })
}

fn configuration(json: &[u8]) -> Answer<Box<ConfigureRequest>> {
    parse(json).map(Box::new)
}

fn background(json: &[u8]) -> Answer<Request> {
    let request: BackgroundRequest = parse(json)?;
    Ok(match request.action {
        BackgroundAction::Start => Request::Start(Box::new(parse(json)?), parse(json)?, json.len()),
        _ => Request::Background(request),
    })
}

/// A JSON object of bounded depth as `T`.
pub fn parse<T: DeserializeOwned>(json: &[u8]) -> Answer<T> {
    if depth(json) > MAX_DEPTH {
        return Err(Refusal::bad_request("the JSON is nested too deeply"));
    }
    serde_json::from_slice(json).map_err(|error| Refusal::bad_request(format!("bad JSON: {error}")))
}

/// The deepest nesting of brackets outside strings.
fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0usize, 0usize);
    let (mut in_string, mut escaped) = (false, false);
    for byte in json {
        match (in_string, escaped, *byte) {
            (true, true, _) => escaped = false,
            (true, false, b'\\') => escaped = true,
            (_, _, b'"') => in_string = !in_string,
            (false, _, b'{' | b'[') => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            (false, _, b'}' | b']') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}
