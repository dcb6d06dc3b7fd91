//! Every call into the core goes through [`detached`]: it releases the interpreter and maps errors.

use alvh_core::Error;
use pyo3::{create_exception, exceptions::PyValueError, prelude::*};

create_exception!(
    alvh,
    AlvhError,
    PyValueError,
    "A value that alvh cannot use: the message names it and the mend."
);
create_exception!(alvh, RuleError, AlvhError, "A rule that does not compile.");
create_exception!(alvh, SpecError, AlvhError, "A specification that contradicts itself.");

/// Runs `work` without the interpreter and turns the core's error into a Python exception.
pub fn detached<T: Send>(py: Python<'_>, work: impl FnOnce() -> alvh_core::Result<T> + Send) -> PyResult<T> {
    py.detach(work).map_err(to_python)
}

/// The one conversion of the core's error.
#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
pub fn to_python(error: Error) -> PyErr {
    let message = error.to_string();
    match error {
        Error::Domain { .. } | Error::Shape { .. } => AlvhError::new_err(message),
        Error::Rule { .. } => RuleError::new_err(message),
        Error::Spec(_) => SpecError::new_err(message),
    }
}
