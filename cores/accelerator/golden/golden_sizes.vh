// Written by make_golden.py: beats of each golden file, and of the longest.
localparam PROGRAM_BEATS         = 226;
localparam RESULT_BEATS          = 516;
localparam NETWORK_PROGRAM_BEATS = 1146;
localparam NETWORK_RESULT_BEATS  = 244;
localparam MOST_BEATS            = 1146;
