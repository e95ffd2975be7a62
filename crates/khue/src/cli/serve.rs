//! `khue serve`: real cameras, over HTTPS.

use std::net::SocketAddr;

use catalog::Role;

use super::WithConfig;
use crate::app::{Begun, Invited, UNSORTED};
use crate::config::Config;
use crate::door::Door;
use crate::telemetry;

#[derive(Debug, clap::Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    with: WithConfig,
    /// Serve the same without TLS at a loopback address, to measure what TLS costs
    #[arg(long, value_name = "ADDRESS", hide = true)]
    unsealed: Option<SocketAddr>,
}

impl Serve {
    /// Runs until it is asked to stop.
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        telemetry::start("info");
        let config = Config { unsealed: self.unsealed, ..Config::read(&self.with.config)? };
        let server = Begun::take(config, Door::Https).await?;
        let unsealed = server.unsealed_address()?;
        server
            .run(async |node, audit, address| {
                let mut invited = Vec::new();
                if node.is_new().await? {
                    invited = node.invite(audit).await?;
                    // A first place, so that the client has somewhere to put a first camera.
                    node.site(UNSORTED).await?;
                }
                print!("{}", announce(&address, &invited, &format!("{address}/ca")));
                if let Some(unsealed) = unsealed {
                    println!("  không mã hóa, chỉ để đo · unsealed, to measure alone: {unsealed}");
                }
                Ok(())
            })
            .await
    }
}

/// Says where it is and who may sign in, Vietnamese first.
pub(crate) fn announce(address: &str, invited: &[Invited], about_ca: &str) -> String {
    let mut text = format!("\nKhuê {}\n\n  {address}\n", env!("CARGO_PKG_VERSION"));
    if !about_ca.is_empty() {
        text += &format!("  {about_ca}  chứng thư của hệ thống · the installation's certificate\n");
    }
    if invited.iter().any(|person| person.password.is_some()) {
        text += "\n  Mật khẩu dùng một lần · one-time passwords\n";
    }
    for person in invited {
        let what = match person.role {
            Role::Operator => {
                "trực ban: xem, xem lại, trích xuất · operator: live, playback, export"
            }
            Role::Administrator => {
                "quản trị: camera và cài đặt, không xem hình · administrator: settings, no video"
            }
            Role::Auditor => {
                "kiểm tra: đọc nhật ký hệ thống, không xem hình · auditor: who did what, no video"
            }
        };
        match &person.password {
            Some(password) => text += &format!("  {}  {password}  {what}\n", person.name),
            None => {
                text += &format!(
                    "  {}  (mật khẩu đã chọn · the password you chose)  {what}\n",
                    person.name
                )
            }
        }
    }
    text.push('\n');
    text
}
