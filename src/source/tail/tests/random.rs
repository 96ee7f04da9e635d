//! Any order of writing, rotating, looking and restarting gives every line once.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Copy, Debug)]
enum Step {
    Write(usize),
    /// A line in two halves, with a look between them.
    Halves,
    Rotate,
    CopyTruncate,
    Look(usize),
    Drain,
    Restart,
    /// Compresses the oldest rotated file.
    Compress,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => prop_oneof![4 => 1..6_usize, 1 => 100..400_usize, 1 => Just(12_000_usize)].prop_map(Step::Write),
        1 => Just(Step::Halves),
        3 => Just(Step::Rotate),
        2 => Just(Step::CopyTruncate),
        5 => prop_oneof![Just(1_usize), Just(1 << 20)].prop_map(Step::Look),
        1 => Just(Step::Drain),
        2 => Just(Step::Restart),
        1 => Just(Step::Compress),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, max_shrink_iters: 2000, ..ProptestConfig::default() })]

    #[test]
    fn every_line_is_read_once_and_in_order(steps in prop::collection::vec(step(), 1..40), pattern in prop_oneof![Just("fw.log"), Just("fw.log*"), Just("*.log")]) {
        let mut world = World::new(pattern);
        world.lines("fw.log", 2);
        world.drain();
        for step in steps {
            match step {
                Step::Write(count) => world.lines("fw.log", count),
                Step::Halves => {
                    let line = format!("line {} of fourn.chimere\n", world.written);
                    world.written += 1;
                    let (one, other) = line.split_at(9);
                    world.append("fw.log", one);
                    world.poll();
                    world.append("fw.log", other);
                }
                Step::Rotate => world.rotate("fw.log"),
                Step::CopyTruncate => world.copy_truncate("fw.log"),
                Step::Look(budget) => { world.poll_with(budget); }
                Step::Drain => world.drain(),
                Step::Restart => world.restart(),
                Step::Compress => {
                    let oldest = world.rotated("fw.log");
                    if oldest > 1 {
                        world.gzip(&format!("fw.log.{oldest}"));
                    }
                }
            }
        }
        world.check();
        reread_all(&world);
    }
}
