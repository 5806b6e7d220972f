//! A cell of a typed column as text.

use arrow_array::cast::AsArray;
use arrow_array::timezone::Tz;
use arrow_array::types::{
    Date32Type, Date64Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, TimeUnit};
use arrow_select::take::take;
use chrono::NaiveDate;

use super::super::options::Separators;

/// The longest text of a cell: a list may repeat one long text.
pub(super) const MAX_CELL: usize = 16 << 20;

/// Reads a cell as text, a day as YYYY-MM-DD.
pub(super) fn read_text(column: &ArrayRef, row: usize, text: &mut String) {
    use std::fmt::Write;
    if column.is_null(row) {
        return;
    }
    macro_rules! primitive {
        ($kind:ty) => {
            column.as_primitive::<$kind>().value(row)
        };
    }
    // Writing to a string does not fail.
    let _ = match column.data_type() {
        DataType::Boolean => write!(text, "{}", column.as_boolean().value(row)),
        DataType::Utf8 => write!(text, "{}", column.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => write!(text, "{}", column.as_string::<i64>().value(row)),
        DataType::Utf8View => write!(text, "{}", column.as_string_view().value(row)),
        DataType::Int8 => write!(text, "{}", primitive!(Int8Type)),
        DataType::Int16 => write!(text, "{}", primitive!(Int16Type)),
        DataType::Int32 => write!(text, "{}", primitive!(Int32Type)),
        DataType::Int64 => write!(text, "{}", primitive!(Int64Type)),
        DataType::UInt8 => write!(text, "{}", primitive!(UInt8Type)),
        DataType::UInt16 => write!(text, "{}", primitive!(UInt16Type)),
        DataType::UInt32 => write!(text, "{}", primitive!(UInt32Type)),
        DataType::UInt64 => write!(text, "{}", primitive!(UInt64Type)),
        // A float that holds a whole number is written as that: 20211001, not 20211001.0.
        DataType::Float32 => write!(text, "{}", primitive!(Float32Type)),
        DataType::Float64 => write!(text, "{}", primitive!(Float64Type)),
        DataType::Decimal128(..) => {
            let number = column.as_primitive::<Decimal128Type>().value_as_string(row);
            write!(text, "{}", without_zeros(&number))
        }
        DataType::Decimal256(..) => {
            let number = column.as_primitive::<Decimal256Type>().value_as_string(row);
            write!(text, "{}", without_zeros(&number))
        }
        DataType::Binary => return push_bytes(column.as_binary::<i32>().value(row), text),
        DataType::LargeBinary => return push_bytes(column.as_binary::<i64>().value(row), text),
        DataType::BinaryView => return push_bytes(column.as_binary_view().value(row), text),
        DataType::FixedSizeBinary(_) => {
            return push_bytes(column.as_fixed_size_binary().value(row), text);
        }
        DataType::List(_) => return push_items(&column.as_list::<i32>().value(row), text),
        DataType::LargeList(_) => return push_items(&column.as_list::<i64>().value(row), text),
        DataType::FixedSizeList(..) => {
            return push_items(&column.as_fixed_size_list().value(row), text);
        }
        _ => match day_of_cell(column, row) {
            Some(day) => write!(text, "{day}"),
            // Other types are refused before a row is read.
            None => return,
        },
    };
}

/// Appends the items of a list, with what stands between the items of lists.
fn push_items(items: &ArrayRef, text: &mut String) {
    let items = match items.as_any_dictionary_opt() {
        Some(dictionary) => take(dictionary.values(), dictionary.keys(), None).ok(),
        None => Some(items.clone()),
    };
    let items = items.unwrap_or_else(|| arrow_array::new_null_array(&DataType::Null, 0));
    for at in 0..items.len() {
        if text.len() > MAX_CELL {
            // Whoever reads the row refuses it.
            return;
        }
        if at > 0 {
            text.push(Separators::OF_LISTS);
        }
        read_text(&items, at, text);
    }
}

/// Appends bytes that are taken for text; what is none shows as such, and is no code.
fn push_bytes(bytes: &[u8], text: &mut String) {
    text.push_str(&String::from_utf8_lossy(bytes));
}

/// Returns a decimal without the zeros behind its point.
fn without_zeros(number: &str) -> &str {
    match number.contains('.') {
        true => number.trim_end_matches('0').trim_end_matches('.'),
        false => number,
    }
}

/// Returns the day of a cell of a date or a timestamp: of a timestamp with a zone the day in that zone, of one without
/// the day as it stands.
fn day_of_cell(column: &ArrayRef, row: usize) -> Option<NaiveDate> {
    macro_rules! timestamp {
        ($kind:ty, $zone:expr) => {{
            let column = column.as_primitive::<$kind>();
            match $zone {
                Some(zone) => {
                    let zone: Tz = zone.parse().ok()?;
                    column.value_as_datetime_with_tz(row, zone)?.date_naive()
                }
                None => column.value_as_date(row)?,
            }
        }};
    }
    Some(match column.data_type() {
        DataType::Date32 => column.as_primitive::<Date32Type>().value_as_date(row)?,
        DataType::Date64 => column.as_primitive::<Date64Type>().value_as_date(row)?,
        DataType::Timestamp(TimeUnit::Second, zone) => timestamp!(TimestampSecondType, zone),
        DataType::Timestamp(TimeUnit::Millisecond, zone) => {
            timestamp!(TimestampMillisecondType, zone)
        }
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            timestamp!(TimestampMicrosecondType, zone)
        }
        DataType::Timestamp(TimeUnit::Nanosecond, zone) => {
            timestamp!(TimestampNanosecondType, zone)
        }
        _ => return None,
    })
}
