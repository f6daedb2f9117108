//! A whole store and its mall as real processes, and the hands of the people in it.
//!
//! | room | what |
//! | --- | --- |
//! | `program`, `port`, `wait` | processes, ports, waiting for a condition |
//! | `untested` | what cannot be tested on this machine, said aloud |
//! | `mall_process`, `edge_process` | the two programs, started, told to stop, killed |
//! | `cable` | what lies between them: whole, cut, slow, or full of nonsense |
//! | `kiosk` | a kiosk's screen without a screen |
//! | `till`, `view`, `events` | a workstation's screen without a screen |
//! | `gun`, `paper` | a scanner that connects to a port, and what came onto simulated paper |
//! | `phone` | a shopper's phone without a phone |
//! | `printer` | a printer of our own, which stays on when the node's power goes |
//! | `mosquitto` | a real MQTT broker under TLS, with accounts and an access list |
//! | `open_line` | a line of a box to its mall under TLS, which stays open |
//! | `postgres` | a real PostgreSQL server, for the mall's rooms a second time |
//! | `pushed` | a store with that broker between it and HQ, and how long a setting takes |
//! | `sim` | Douyin, WeChat Pay and Alipay over real TLS, with books of their own |
//! | `ageing` | time by hand: what is written down becomes older |
//! | `shop` | an online shop that sells for pickup |
//! | `store` | all of it together |
//! | `guest` | a guest of its Wi-Fi without a phone |
//! | `stagehand` | for a browser: an online shop's orders, and a cable that it can turn |
//! | `wifi` | for a browser: phones on the guests' Wi-Fi, its gate, the codes that were sent |
//! | `guests` | the guests' network: namespaces with a gateway, phones and an outside |
//! | `houses` | the same with simulated houses around it, and their books against the store's |
//! | `hours` | time by hand for a browser |
//! | `club` | the same with a member of its mall, and a cable between them |
//! | `ledger`, `books`, `compare` | the books of both sides, order by order |
//! | `invariants` | what must hold of the books of a whole chain, whatever was done to it |
//! | `bench` | floors and ratios |
//! | `dice` | the same for the same seed |
//! | `disk` | a small disk for a box, which can be full |
//! | `torture` | several stores and two malls that somebody tries to break, and what is left |
//! | `crowd` | a thousand stores of one process against a real mall and a real broker |
//! | `journey` | a day in the life of a store, told as a table |
//!
//! **Invariant:** nothing here links against a program that it tests; all it knows of them is their
//! command line, their ports and their files. Every wait is for a condition and has an end.

pub mod ageing;
pub mod bench;
pub mod books;
pub mod brand;
pub mod cable;
pub mod catalog;
pub mod club;
pub mod compare;
pub mod crowd;
pub mod dice;
pub mod disk;
pub mod edge_process;
pub mod events;
pub mod folder;
pub mod guest;
pub mod guests;
pub mod gun;
pub mod hours;
pub mod houses;
pub mod invariants;
pub mod journey;
pub mod kiosk;
pub mod ledger;
pub mod mall_process;
pub mod manager;
pub mod mosquitto;
pub mod open_line;
pub mod paper;
pub mod phone;
pub mod port;
pub mod postgres;
pub mod printer;
pub mod program;
pub mod pushed;
pub mod qr;
pub mod shop;
pub mod sim;
pub mod stagehand;
pub mod store;
pub mod till;
pub mod torture;
pub mod trap;
pub mod untested;
pub mod view;
pub mod wait;
pub mod wifi;
