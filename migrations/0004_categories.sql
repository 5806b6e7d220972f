-- The categories of a block, as the book is browsed. Blocks of a chapter are found by tabular_block.

CREATE INDEX tabular_category ON tabular_node (parent) WHERE kind = 'code' AND depth = 2;
