//! A process for each system, so that none is in another's memory and one can be killed.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result, anyhow};

use crate::systems::Setup;
use crate::task::{Answer, Order, Sample};

pub struct Process {
    child: Child,
    orders: Option<ChildStdin>,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts this program again, to measure the system of this setup.
    pub fn start(setup: &Setup) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--child", &serde_json::to_string(setup)?])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (orders, answers) = (child.stdin.take(), child.stdout.take().context("no output")?);
        Ok(Self { child, orders, answers: BufReader::new(answers).lines() })
    }

    /// Has it do something, and waits for what comes of it.
    pub fn order(&mut self, order: Order) -> Result<Vec<(String, Sample)>> {
        self.send(order)?;
        self.answer()
    }

    /// Has it do something.
    pub fn send(&mut self, order: Order) -> Result<()> {
        let mut line = serde_json::to_string(&order)?;
        line.push('\n');
        let orders = self.orders.as_mut().context("it takes no orders any more")?;
        Ok(orders.write_all(line.as_bytes())?)
    }

    /// Waits for what comes of the last order.
    pub fn answer(&mut self) -> Result<Vec<(String, Sample)>> {
        let answer = self.answers.next().context("the process ended")??;
        serde_json::from_str::<Answer>(&answer)?.map_err(|problem| anyhow!(problem))
    }

    /// Ends it in the midst of what it does.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

/// With no more orders to come it ends.
impl Drop for Process {
    fn drop(&mut self) {
        drop(self.orders.take());
        let _ended = self.child.wait();
    }
}
