//! Points of CloudMonitor: JSON in a text in JSON (docs/reference/api.md#metrics).

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::Error as _;
use serde_json::value::RawValue;

use super::{Loose, said};
use crate::cloud::traffic::TrafficPoint;
use crate::resource::RouterInterfaceId;

/// One page of points.
#[derive(Debug)]
pub(in crate::alibaba) struct Points {
    pub(in crate::alibaba) points: Vec<TrafficPoint>,
    pub(in crate::alibaba) next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page<'b> {
    #[serde(borrow)]
    datapoints: Option<&'b RawValue>,
    next_token: Option<Loose>,
}

#[derive(Deserialize)]
struct Point {
    timestamp: Option<Loose>,
    #[serde(rename = "instanceId")]
    id: Option<Loose>,
    #[serde(rename = "Value")]
    value: Option<Loose>,
    #[serde(rename = "Average")]
    average: Option<Loose>,
}

/// Reads one page. An answer without points says that there are none, which is not that there is no traffic.
pub(in crate::alibaba) fn points(body: &[u8]) -> Result<Points, serde_json::Error> {
    let page: Page<'_> = serde_json::from_slice(body)?;
    let raw = page.datapoints.map_or("null", RawValue::get);
    let text: String = match raw.as_bytes().first() {
        Some(b'"') => serde_json::from_str(raw)?,
        _ => raw.to_owned(),
    };
    let listed: Option<Vec<Point>> = if text.is_empty() { None } else { serde_json::from_str(&text)? };
    let points = listed.unwrap_or_default().into_iter().map(point).collect::<Result<_, _>>()?;
    Ok(Points { points, next_token: said(page.next_token) })
}

fn point(point: Point) -> Result<TrafficPoint, serde_json::Error> {
    let id = said(point.id).ok_or_else(|| serde_json::Error::custom("a point without instanceId"))?;
    let lacks = |what: &str| serde_json::Error::custom(format_args!("a point of {id:?} without {what}"));
    let at = said(point.timestamp).and_then(|text| text.parse().ok());
    let at = at.and_then(|millis| Timestamp::from_millisecond(millis).ok()).ok_or_else(|| lacks("a timestamp"))?;
    let value = said(point.value).or_else(|| said(point.average)).and_then(|text| text.parse::<f64>().ok());
    let value = value.filter(|value| value.is_finite() && *value >= 0.0).ok_or_else(|| lacks("a value"))?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative; what is beyond saturates"
    )]
    let bits_per_second = value.round() as u64;
    Ok(TrafficPoint { id: RouterInterfaceId::from(id), at, bits_per_second })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn read(datapoints: &str) -> Result<Points, serde_json::Error> {
        points(
            format!(r#"{{"Code":"200","Message":"m","Success":true,"RequestId":"R","Datapoints":{datapoints}}}"#)
                .as_bytes(),
        )
    }

    #[test]
    fn points_are_json_in_a_text() {
        let text = r#"[{"timestamp":1767225600000,"userId":"1","instanceId":"ri-1","Value":1500.6},
            {"timestamp":"1767225660000","instanceId":"ri-2","Average":"7"}]"#;
        let found = read(&serde_json::to_string(text).unwrap()).unwrap();
        let point = |id: &str, at: &str, bits_per_second| TrafficPoint {
            id: id.into(),
            at: at.parse().unwrap(),
            bits_per_second,
        };
        let expected = [point("ri-1", "2026-01-01T00:00:00Z", 1501), point("ri-2", "2026-01-01T00:01:00Z", 7)];
        assert_eq!(found.points, expected);
        assert_eq!(read(text).unwrap().points, expected, "and are read where they are JSON after all");
    }

    #[test]
    fn no_points_are_no_points() {
        for datapoints in ["null", "\"\"", "\"[]\"", "[]", "\"null\""] {
            assert_eq!(read(datapoints).unwrap().points, [], "{datapoints}");
        }
        assert_eq!(points(br#"{"RequestId":"R"}"#).unwrap().points, []);
    }

    #[test]
    fn what_is_no_point_is_refused() {
        for point in [
            "{}",
            r#"{"timestamp":1,"Value":1}"#,
            r#"{"instanceId":"ri-1","Value":1}"#,
            r#"{"instanceId":"ri-1","timestamp":"soon","Value":1}"#,
            r#"{"instanceId":"ri-1","timestamp":99999999999999999,"Value":1}"#,
            r#"{"instanceId":"ri-1","timestamp":1}"#,
            r#"{"instanceId":"ri-1","timestamp":1,"Value":-1}"#,
            r#"{"instanceId":"ri-1","timestamp":1,"Value":"NaN"}"#,
            r#"{"instanceId":"ri-1","timestamp":1,"Value":"inf"}"#,
        ] {
            assert!(read(&format!("[{point}]")).is_err(), "{point}");
        }
        assert!(read("\"not JSON\"").is_err());
        assert!(read("7").is_err());
    }
}
