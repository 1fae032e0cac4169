//! Native prompts: the PIN, and "wrap this key to that KEK?". The only maker of an approval.
