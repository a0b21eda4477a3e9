// Cycles by which a column follows column 0: with its activations, weights, commands and results. The first DSP_COLUMNS columns are
// pairs, which share theirs. For modules with the parameter DSP_COLUMNS.
function integer column_delay(input integer column);
    column_delay = column < DSP_COLUMNS ? column / 2 : column - DSP_COLUMNS / 2;
endfunction
