// Written by make_golden.py: beats of each golden file, and of the longest.
localparam PROGRAM_BEATS         = 226;
localparam RESULT_BEATS          = 515;
localparam NETWORK_PROGRAM_BEATS = 1088;
localparam NETWORK_RESULT_BEATS  = 355;
localparam MOST_BEATS            = 1088;
