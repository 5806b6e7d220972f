//! The sample through the program.

use crate::world::World;

#[test]
fn a_header_names_the_billable_codes_below_it() {
    let run = World::with_sample().run(&["check", "C7B", "--on", "2026-03-01"]);
    assert_eq!(run.exit, 1);
    assert!(run.stdout.contains("C7B.00"), "{}", run.stdout);
}
