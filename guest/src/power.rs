//! Asking PID 1 to power off or reboot, by the signals that systemd and Alcove's init share.

use crate::refusal::{About, Answer};
use crate::request::PowerAction;
use crate::sys::signals::{power_off_signal, reboot_signal, send};

pub fn ask_init(action: PowerAction) -> Answer<()> {
    let signal = match action {
        PowerAction::Poweroff => power_off_signal(),
        PowerAction::Reboot => reboot_signal(),
    };
    send(1, signal).about("asking init")
}
