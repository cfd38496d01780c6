//! What cannot be in a history: each illegal transition by its name.

use crate::plan::StepId;
use crate::state::RunId;

/// An entry that cannot follow the ones before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Illegal {
    /// A run starts while another is at work, or died.
    #[error("run {run} starts while run {open} has not ended")]
    StartsWhileOpen {
        /// The run that starts.
        run: RunId,
        /// The one that has not ended.
        open: RunId,
    },
    /// A run starts while another waits to be folded.
    #[error("run {run} starts while run {unfolded} is not in the state yet")]
    StartsWhileUnfolded {
        /// The run that starts.
        run: RunId,
        /// The one that is not in the state.
        unfolded: RunId,
    },
    /// A run id comes twice.
    #[error("run {run} starts a second time")]
    StartsAgain {
        /// The run.
        run: RunId,
    },
    /// A step is called what another step is called.
    #[error("step {step} of run {run} has the name of another step")]
    Misnamed {
        /// The run.
        run: RunId,
        /// The step.
        step: StepId,
    },
    /// A run has a step twice.
    #[error("run {run} has step {step} twice")]
    StepTwice {
        /// The run.
        run: RunId,
        /// The step.
        step: StepId,
    },
    /// Something is told of a step while no run is open.
    #[error("step {step} is recorded while no run is open")]
    StepWithoutRun {
        /// The step.
        step: StepId,
    },
    /// Something is told of a step that the open run does not have.
    #[error("step {step} is not one of run {run}")]
    NotOfTheRun {
        /// The step.
        step: StepId,
        /// The open run.
        run: RunId,
    },
    /// A step does what it cannot do next.
    #[error("step {step} {misstep}")]
    Misstep {
        /// The step.
        step: StepId,
        /// What it does.
        misstep: Misstep,
    },
    /// A run ends while none is open.
    #[error("the end of a run is recorded while no run is open")]
    EndWithoutRun,
    /// A run ends over a call that nothing has closed.
    #[error("run {run} ends while step {step} is open")]
    EndsOverOpenStep {
        /// The run.
        run: RunId,
        /// The step.
        step: StepId,
    },
    /// A serial is recorded although no ended run waits for one.
    #[error("serial {serial} has no ended run to fold")]
    NothingToFold {
        /// The serial.
        serial: u64,
    },
    /// A serial is not above the last.
    #[error("serial {serial} does not follow serial {last}")]
    SerialGoesBack {
        /// The serial.
        serial: u64,
        /// The last one.
        last: u64,
    },
}

/// What a step cannot do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misstep {
    /// A wait is to be sent.
    #[error("is a wait and sends nothing")]
    WaitIsSent,
    /// It is sent after its end.
    #[error("is to be sent after it was closed")]
    SentAfterClosed,
    /// It is sent twice without an answer between.
    #[error("is to be sent again before anything came back")]
    SentBeforeAnswer,
    /// It is sent again although it was accepted.
    #[error("is to be sent again after it was accepted")]
    SentAfterAccepted,
    /// An answer to nothing.
    #[error("got an answer without an open intent")]
    AnswerWithoutIntent,
    /// It ends twice.
    #[error("is closed a second time")]
    ClosedAgain,
    /// Its outcome claims more than its answers allow.
    #[error("is closed with an outcome that its answers do not allow")]
    OutcomeWithoutAnswers,
}
