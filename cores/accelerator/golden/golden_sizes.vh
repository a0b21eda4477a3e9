// Written by make_golden.py: beats of each golden file.
localparam PROGRAM_BEATS = 224;
localparam RESULT_BEATS  = 515;
