//! x
use std::path::PathBuf;
fn main() {
    let args: Vec<PathBuf> = std::env::args().skip(2).map(PathBuf::from).collect();
    let db = std::env::args().nth(1).unwrap();
    let t = std::time::Instant::now();
    let mut s = codeyear::store::Store::open_or_create(db.as_ref()).unwrap();
    let r = codeyear::ingest::import(&mut s, &args, &codeyear::ingest::ImportOptions::on("2026-11-23".parse().unwrap()), &mut |_| {});
    match r { Ok(r) => for t in r.taken { println!("{} {} {} {:?} {:?}", t.code_set, t.release, t.rows, t.added, t.notes) }, Err(e) => println!("ERR {e} {:?}", e.hint()) }
    println!("{:?}", t.elapsed());
    println!("{}", s.content_hash().unwrap());
    println!("{:?}", t.elapsed());
}
