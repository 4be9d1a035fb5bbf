use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{Error, fit};

/// The configuration as a `C`. An option that does not fit is an error that names it.
pub(crate) fn read<C: DeserializeOwned>(config: &Value) -> Result<C, Error> {
    fit(config.clone()).map_err(Error::config)
}
