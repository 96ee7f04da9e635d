//! What people write: configuration, register and daybook of any text give mistakes, never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nightporter::config::Config;
use nightporter::daybook::{Daybook, Entry};
use nightporter::register::{Defaults, Register, SupplierNames};

fuzz_target!(|text: &str| {
    let (config, _) = Config::read("nightporter.toml", text, &["off-hours"]);
    let files = [("register.toml".to_owned(), text.to_owned())];
    let (register, mistakes) = Register::read(&files, SupplierNames::default(), &config.defaults);
    for mistake in &mistakes {
        assert!(mistake.place.line >= 1);
    }
    let _ = register.owner("ext-chimere-1", None);
    let mut daybook = Daybook::default();
    for line in text.lines() {
        if let Ok(entry) = Entry::read(line) {
            let zone = &Defaults::default().zone;
            assert_eq!(Entry::read(&entry.to_json_line(zone)).as_ref(), Ok(&entry));
            daybook.apply(entry);
        }
    }
});
