"""The mistakes that mutants.py plants: by name, the bench, its tests, the source, the text and what becomes of it."""

from mutant import Bench, Mutant

DMA = Bench("axi_dma", "axi_dma", "tb_axi_dma")
WIDE_DMA = Bench("axi_dma", "axi_dma", "tb_axi_dma", "DATA_W=128")
ACCELERATOR = Bench("accelerator", "accelerator", "tb_accelerator")
STATUS = Bench("accelerator", "accelerator_status", "tb_accelerator_status")
S2MM, BURSTS, MM2S = (f"axi_dma/rtl/axi_dma_{name}.v" for name in ("s2mm", "bursts", "mm2s"))
DECODER, CHECKS = (f"controller/rtl/{name}.v" for name in ("decoder", "word_checks"))
DESCRIPTOR = "controller/rtl/descriptor_check.v"
LOAD, BUFFER = (f"controller/rtl/{name}.v" for name in ("load_writer", "descriptor_buffer"))
DECODER_64, DECODER_128, DECODER_256 = (
    Bench("controller", "decoder", "tb_decoder", f"{widths} WGT_DEPTH=8 THR_DEPTH=6")
    for widths in ("N=8 GROUP_W=64", "N=16 STREAM_W=128 GROUP_W=128", "N=64 STREAM_W=128 GROUP_W=256")
)
WORDS = Bench("stream", "stream_words", "tb_stream_words")
SEQUENCER = Bench("controller", "sequencer", "tb_sequencer", "READ_DEPTH=4")
STORE = Bench("controller", "weight_store", "tb_weight_store")
CREDITS = Bench("stream", "stream_credits", "tb_stream_credits")
PASSES, POSITIONS, ISSUE, WEIGHTS = (
    f"controller/rtl/{name}.v" for name in ("pass_loop", "position_loop", "sequencer", "weight_store")
)
RESULT_BUFFER = Bench("accelerator", "result_buffer", "tb_result_buffer", "DEPTH=16 DSP_COLUMNS=4")
READ_BUFFER = Bench("accelerator", "read_buffer", "tb_read_buffer", "DEPTH=8")
RESULT_STREAM, RESULT_STREAM_128 = (
    Bench("accelerator", "result_stream", "tb_result_stream", f"STREAM_W={width}") for width in (64, 128)
)
LOADER, COLUMN, WRITEBACK, POSTPROC = (
    Bench("postproc", name, f"tb_{name}") for name in ("threshold_loader", "threshold_column", "writeback", "postproc")
)
ARRAY = Bench("mac_array", "mac_array", "tb_mac_array", "N=8 DSP_COLUMNS=6 ACC_DEPTH=64")
PAIRS = Bench("postproc", "postproc", "tb_postproc", "N=8 DSP_COLUMNS=6")
IMAGE = Bench("image", "image_folder", "tb_image_folder", "N=8 ACT_DEPTH=3000 IMAGE_LINE=256")
FOLDER, PIECES, TILES = (f"image/rtl/image_{name}.v" for name in ("folder", "pieces", "words"))
PES, DELAY = "mac_array/rtl/mac_array.v", "mac_array/rtl/column_delay.vh"
LOADS, COMPARES, WRITES, WIRES = (f"postproc/rtl/{bench.toplevel}.v" for bench in (LOADER, COLUMN, WRITEBACK, POSTPROC))

MUTANTS = {
    "a header that waits behind an image is the image's": Mutant(
        IMAGE, "waits_for_commands", FOLDER, "at_reg[FIRST] && s_header) beat0_reg", "s_header) beat0_reg",
    ),
    "an image is written but for its last word": Mutant(
        IMAGE, "layers", FOLDER, "ended_reg && empty;", "ended_reg;",
    ),
    "a command behind an image does not wait": Mutant(
        DECODER_64, "random_commands", DECODER, "= !image_wait_reg;", "= 1'b1;",
    ),
    "a command behind an image waits for its words only": Mutant(
        DECODER_64, "random_commands", DECODER, "(at_image || (image_wait_reg && !image_done))", "at_image",
    ),
    "image data do not wait": Mutant(
        DECODER_64, "random_commands", DECODER, "open[DECODER_IMAGE_DATA]   = image_ready;", "",
    ),
    "a descriptor does not wait for a LOAD's last word": Mutant(
        DECODER_64, "descriptors_and", DECODER, "!descriptor_full && !act_wr_valid", "!descriptor_full",
    ),
    "weights do not wait for a LOAD's last word": Mutant(
        DECODER_64, "descriptors_and", DECODER, "weight_ready && !act_wr_valid", "weight_ready",
    ),
    "a tile's later groups are not read": Mutant(
        STORE, ".*", WEIGHTS, "rd_en(held_reg || reading_reg)", "rd_en(held_reg)",
    ),
    "a tap row that ends with LANES bytes has one piece more": Mutant(
        IMAGE, "layers", PIECES, "reached <= TWICE", "reached < TWICE",
    ),
    "an image's tap row begins as if nothing were in the tile": Mutant(
        IMAGE, "layers", PIECES, "run_ends_reg && !all_taps ? ONCE", "run_ends_reg ? ONCE",
    ),
    "an image's low word right behind the memory": Mutant(
        IMAGE, "words_beyond", TILES, "next_low_reg} >= ACT_DEPTH", "next_low_reg} > ACT_DEPTH",
    ),
    "an image's high word right behind the memory": Mutant(
        IMAGE, "words_beyond", TILES, "tile_addr_reg} >= ACT_DEPTH", "tile_addr_reg} > ACT_DEPTH",
    ),
    "write data wait for awready": Mutant(
        DMA, "a_slave_that_waits", S2MM,
        "issue ? {{SPACE_W-SIZE_W{1'b0}}, issue_beats} : {SPACE_W{1'b0}}) - {{SPACE_W-1{1'b0}}, pop}",
        "m_axi_awvalid && m_axi_awready ? {{SPACE_W-SIZE_W{1'b0}}, issue_beats} : {SPACE_W{1'b0}})"
        " - {{SPACE_W-1{1'b0}}, pop}",
    ),
    "write data before their address": Mutant(
        DMA, "random_receives", S2MM, "fifo_valid && granted_reg != 0", "fifo_valid",
    ),
    "wlast at the packet's end only": Mutant(
        DMA, "random_receives", S2MM, "{fifo_final || &offset_reg,", "{fifo_final,",
    ),
    "a write error that does not abort": Mutant(
        DMA, "a_write_error", S2MM, "start ? start_bad : abort_reg || b_error", "start ? start_bad : abort_reg",
    ),
    "two beats early": Mutant(DMA, "four_beats", S2MM, ".m_ready(early_ready)", ".m_ready(early_ready && !open_reg)"),
    "early beats that outlive a reset": Mutant(
        DMA, "four_beats|recovery", S2MM,
        "early_1 (\n    .clk(clk),\n    .rst(rst)", "early_1 (\n    .clk(clk),\n    .rst(rst && !halt)",
    ),
    "a reset with writes outstanding": Mutant(
        DMA, "reset_in_mid", S2MM, "halt && none_outstanding", "halt",
    ),
    "a reset with reads outstanding": Mutant(
        DMA, "reset_in_mid", MM2S, "halt && none_outstanding", "halt",
    ),
    "bursts across 4 KiB": Mutant(
        DMA, "random_sends", BURSTS, "BURST[SIZE_W-1:0] - {1'b0, offset_reg}", "BURST[SIZE_W-1:0]",
    ),
    "an address that changes while it waits": Mutant(
        DMA, "random_sends", BURSTS,
        "if (go) begin\n        a_addr_reg", "if (go || a_valid_reg) begin\n        a_addr_reg",
    ),
    "an address that does not wait": Mutant(
        DMA, "random_sends", BURSTS, "go || (a_valid_reg && !a_ready)", "go",
    ),
    "a read beat twice": Mutant(
        DMA, "random_sends", "stream/rtl/stream_register.v",
        "skid_valid_reg || take;\n        skid_valid_reg <= 1'b0;", "skid_valid_reg || take;",
    ),
    "32-bit counters": Mutant(
        Bench("accelerator", "performance_counters", "tb_performance_counters"), ".*",
        "accelerator/rtl/performance_counters.v", "+ {31'd0, carry_reg}", "",
    ),
    "t12's pieces in the wrong order": Mutant(
        LOADER, "sets_in_order", LOADS, "{piece, pieces_reg[THR_W-1:PIECE_W]}",
        "{pieces_reg[THR_W-PIECE_W-1:0], piece}",
    ),
    "a piece of t12 without a beat": Mutant(
        LOADER, "sets_in_order", LOADS, "if (take) begin\n        {high_reg", "begin\n        {high_reg",
    ),
    "t3 of the wrong half": Mutant(
        LOADER, "sets_in_order", LOADS, "low, high_reg, low_reg}", "high, high_reg, low_reg}",
    ),
    "t5 of the wrong half": Mutant(LOADER, "sets_in_order", LOADS, "high, low, high_reg}", "high, low, low_reg}"),
    "a write before three thresholds are there": Mutant(
        LOADER, "sets_in_order|reset", LOADS, "take && step_reg != 2'd0 && !last ?", "take && !last ?",
    ),
    "two runs of four beats": Mutant(LOADER, "sets_in_order|reset", LOADS, "{1'b1, second_reg}", "2'd3"),
    "groups of the second run over those of the first": Mutant(
        LOADER, "sets_in_order", LOADS, "{second_reg, step_reg[1]}", "{1'b0, step_reg[1]}",
    ),
    "the next column after a run": Mutant(LOADER, "sets_in_order|reset", LOADS, "= run_end && second_reg", "= run_end"),
    "not pending between the runs": Mutant(LOADER, "sets_in_order", LOADS, "|| second_reg || step_reg", "|| step_reg"),
    "a run that outlives a reset": Mutant(LOADER, "reset", LOADS, "        second_reg <= 1'b0;\n", ""),
    "a beat that outlives a reset": Mutant(LOADER, "reset", LOADS, "        step_reg   <= 2'd0;\n", ""),
    "falls from the bit below": Mutant(
        LOADER, "sets_in_order", LOADS, "s_data[THRESHOLDS_FALLS_LOW];", "s_data[THRESHOLDS_FALLS_LOW-1];",
    ),
    "thresholds of 21 bits": Mutant(
        COLUMN, ".*", COMPARES, "thresholds[t*THR_W + THR_W-1]}}, thresholds[t*THR_W +: THR_W-1]",
        "thresholds[t*THR_W + 20]}}, {7{thresholds[t*THR_W + 20]}}, thresholds[t*THR_W +: 20]",
    ),
    "thresholds of 27 bits": Mutant(
        COLUMN, ".*", COMPARES, "thresholds[t*THR_W + THR_W-1]}}", "thresholds[t*THR_W + THR_W-2]}}",
    ),
    "thresholds without their lowest bit": Mutant(
        COLUMN, ".*", COMPARES, "thresholds[t*THR_W +: THR_W-1]", "thresholds[t*THR_W+1 +: THR_W-2], 1'b0",
    ),
    "sums without a sign": Mutant(
        COLUMN, ".*", "tech/rtl/tech_compare.v", "{WIDTH{invert}} ^ SIGN", "{WIDTH{invert}}",
    ),
    "groups 1 and 2 the other way round": Mutant(
        COLUMN, ".*", COMPARES, "wr_set, wr_group}", "wr_set, wr_group[0], wr_group[1]}",
    ),
    "falls a sum late": Mutant(COLUMN, ".*", COMPARES, "new_1_reg ? next_falls_reg : falls_reg", "falls_reg"),
    "falls of the sum behind": Mutant(COLUMN, ".*", COMPARES, "falls_3_reg <= falls_reg", "falls_3_reg <= falls"),
    "the fours of the set after the next": Mutant(
        COLUMN, "sets_in_use", COMPARES, "if (new_1_reg) fours_reg", "if (valid_reg[0]) fours_reg",
    ),
    "a set's fours a sum late": Mutant(
        COLUMN, "sets_in_use", COMPARES, "new_1_reg <= in_valid &&", "new_1_reg <= valid_reg[0] &&",
    ),
    "a first set like any other": Mutant(
        COLUMN, ".*", COMPARES, "set_1_reg <= {SET_W{1'b1}}", "set_1_reg <= {SET_W{1'b0}}",
    ),
    "two of three fetched": Mutant(
        COLUMN, ".*", COMPARES, "set_1_reg, fetch_reg[2:1]}", "set_1_reg, fetch_reg[2], 1'b0}",
    ),
    "the fours of their own set": Mutant(LOADER, "sets_in_order", LOADS, "wr_set - 1'b1", "wr_set"),
    "t4 thrice": Mutant(LOADER, "sets_in_order", LOADS, "fours_reg[3*THR_W-1:THR_W]}", "fours_reg[2*THR_W-1:0]}"),
    "fours that outlive a reset": Mutant(LOADER, "reset", LOADS, "        four_wr_en <= {N{1'b0}};\n", ""),
    "tiles written counted by 16 bits": Mutant(
        WRITEBACK, "tiles", WRITES, "24'd0 : tiles_done +", "24'd0 : {8'd0, tiles_done[15:0]} +",
    ),
    "an address outside by its lower bits": Mutant(
        WRITEBACK, "back_to_back", WRITES, "{1'b0, addr_reg} >=", "{2'd0, addr_reg[22:0]} >=",
    ),
    "a stride between tiles of 20 bits": Mutant(
        WRITEBACK, "back_to_back", WRITES, "next_tile_reg + tile_stride_reg",
        "next_tile_reg + {4'd0, tile_stride_reg[19:0]}",
    ),
    "a descriptor's base of 16 bits": Mutant(
        POSTPROC, ".*", WIRES, "cfg_data[64*CONV_OUT_BASE_BEAT + CONV_OUT_BASE_LOW +: 24]",
        "{8'd0, cfg_data[64*CONV_OUT_BASE_BEAT + CONV_OUT_BASE_LOW +: 16]}",
    ),
    "a descriptor's image stride of 23 bits": Mutant(
        POSTPROC, ".*", WIRES, "cfg_data[64*CONV_OUT_IMAGE_STRIDE_BEAT + CONV_OUT_IMAGE_STRIDE_LOW +: 24]",
        "{1'b0, cfg_data[64*CONV_OUT_IMAGE_STRIDE_BEAT + CONV_OUT_IMAGE_STRIDE_LOW +: 23]}",
    ),
    "ReLU one bit lower": Mutant(
        Bench("mac_array", "accumulator", "tb_accumulator"), ".*",
        "mac_array/rtl/accumulator.v", "relu_reg && sum_reg[ACC_W-1]", "relu_reg && sum_reg[ACC_W-2]",
    ),
    "a strobe that writes a whole register": Mutant(
        Bench("accelerator", "axil_registers", "tb_axil_registers"), ".*",
        "accelerator/rtl/axil_registers.v", "wr_en && wr_strb[0]", "wr_en && wr_strb != 4'd0",
    ),
    "a second write before the answer": Mutant(
        Bench("axil", "axil_slave", "tb_axil_slave"), "strict", "axil/rtl/axil_slave.v",
        " && !wready_reg && !b_waits", " && !wready_reg",
    ),
    "two side bands swapped": Mutant(
        Bench("axis", "axis_data_fifo", "tb_axis"), "packets", "axis/rtl/axis_data_fifo.v",
        ".m_data({m_axis_tuser, m_axis_tdest, m_axis_tid,", ".m_data({m_axis_tuser, m_axis_tid, m_axis_tdest,",
    ),
    "a beat that changes while it waits": Mutant(
        Bench("axis", "axis_dwidth_converter", "tb_axis"), "packets", "stream/rtl/stream_widen.v",
        "(!valid_reg || m_tready)", "1'b1",
    ),
    "an answer to a read that changes while it waits": Mutant(
        Bench("axi_gpio", "axi_gpio", "tb_axi_gpio"), "strict", "axil/rtl/axil_slave.v",
        "if (data) rdata_reg", "if (data || r_waits) rdata_reg",
    ),
    "a write to the other channel": Mutant(
        DMA, "registers", "axi_dma/rtl/axi_dma.v",
        "{2{axil_wr_en}} & {wr_s2mm, wr_mm2s}", "{2{axil_wr_en}} & {!wr_mm2s, wr_mm2s}",
    ),
    "a last word of 128 bits by the length of one of 64": Mutant(
        WIDE_DMA, "random_sends", MM2S, "= start_length[BYTE_W-1:0];", "= {1'b0, start_length[2:0]};",
    ),
    "128 bits in bursts of 64": Mutant(
        WIDE_DMA, "random_sends", "axi_dma/rtl/axi_dma.v", "DATA_W == 128 ? 3'd4 : 3'd3", "3'd3",
    ),
    "a burst's place in beats of 8 bytes": Mutant(
        WIDE_DMA, "random_receives", S2MM, "start_addr[OFFSET_W+BYTE_W-1:BYTE_W]", "start_addr[OFFSET_W+2:3]",
    ),
    "128 bits from a multiple of 8": Mutant(
        WIDE_DMA, "unaligned", S2MM, "start_length == 0 || start_addr[BYTE_W-1:0] != 0",
        "start_length == 0 || start_addr[2:0] != 0",
    ),
    "a read beyond the channels": Mutant(
        DMA, "registers", "axi_dma/rtl/axi_dma.v", "!rd_mm2s && rd_offset < CHANNEL_WORDS", "!rd_mm2s",
    ),
    "a carry that outlives a clear": Mutant(
        Bench("accelerator", "performance_counters", "tb_performance_counters"), ".*",
        "accelerator/rtl/performance_counters.v", "(clear_reg ? 32'd0 : high_reg)", "(clear ? 32'd0 : high_reg)",
    ),
    "a counter read in two cycles": Mutant(
        STATUS, "runs_over", "accelerator/rtl/axil_registers.v",
        "if (low_read_reg[1]) high_reg", "if (low_read_reg[0]) high_reg",
    ),
    "idle while a command is taken": Mutant(
        STATUS, "idle", "accelerator/rtl/accelerator_status.v", "idle_reg  <= !cfg_valid &&", "idle_reg  <=",
    ),
    "a log entry a cycle early": Mutant(
        STATUS, "counters_and_log", "accelerator/rtl/accelerator_status.v",
        ".write(issue_final_reg)", ".write(issue_final)",
    ),
    "a program that outlives a soft reset": Mutant(
        STATUS, "soft_reset", "accelerator/rtl/accelerator_status.v", "program_start && !rst;", "program_start;",
    ),
    "a pass before its flags are right again": Mutant(
        SEQUENCER, "one_position", PASSES, "settling_reg <= 2'b00", "settling_reg <= 2'b01",
    ),
    "activations one tile early": Mutant(
        SEQUENCER, "activations|random", PASSES, "tiles_done >= needed_reg", "tiles_done + 24'd1 >= needed_reg",
    ),
    "the same activations for every input tile": Mutant(
        SEQUENCER, "activations|random", PASSES, "needed_reg + {23'd0, one_each_reg}", "needed_reg",
    ),
    "sums raised by every tap": Mutant(
        SEQUENCER, "random", PASSES, "tile_first_reg && raise_left_reg == 16'd0", "raise_left_reg == 16'd0",
    ),
    "sums raised by one input tile alone": Mutant(
        SEQUENCER, "random", PASSES, "raise_each_reg && raise_left_reg == 16'd0", "1'b0",
    ),
    "sums raised in the first output tile alone": Mutant(
        SEQUENCER, "random", PASSES, "ic_end_reg ? raise_from_reg : raise_left_reg", "raise_left_reg",
    ),
    "sums raised an input tile late": Mutant(
        SEQUENCER, "random", PASSES, "raise_left_reg <= cfg_raise", "raise_left_reg <= cfg_raise + 16'd1",
    ),
    "the same activations for every output tile": Mutant(
        SEQUENCER, "random", PASSES, "next_oc_addr_reg   <= oc_addr_reg + oc_stride_reg",
        "next_oc_addr_reg   <= oc_addr_reg",
    ),
    "the second output tile's activations for every later one": Mutant(
        SEQUENCER, "random", PASSES, "oc_addr_reg <= next_oc_addr_reg;", "",
    ),
    "a sum raised by 8": Mutant(
        Bench("mac_array", "accumulator", "tb_accumulator"), "random",
        "mac_array/rtl/accumulator.v", "{stored[ACC_W-5:0], 4'd0}", "{stored[ACC_W-4:0], 3'd0}",
    ),
    "a raise before the first sum": Mutant(
        Bench("mac_array", "accumulator", "tb_accumulator"), "random", "mac_array/rtl/accumulator.v",
        "sum_first ? {ACC_W{1'b0}} : sum_raise ? {stored[ACC_W-5:0], 4'd0}",
        "sum_raise ? {stored[ACC_W-5:0], 4'd0} : sum_first ? {ACC_W{1'b0}}",
    ),
    "a kernel row as long as the map": Mutant(
        SEQUENCER, "random", PASSES, "{1'b0, in_w_reg} + {{13{back[3]}}, back}", "{1'b0, in_w_reg}",
    ),
    "an output tile over the last one's sums": Mutant(
        SEQUENCER, "random", PASSES, "place_reg   <= place_reg + ", "place_reg   <= place_reg; if (0) place_reg <= ",
    ),
    "the last input tile's first kernel row again": Mutant(
        SEQUENCER, "random", PASSES, "ky_end_reg ? origin_y_reg : y + 1'b1", "y + 1'b1",
    ),
    "a row of two columns": Mutant(
        SEQUENCER, "random", POSITIONS, "column_last_reg ? two_columns_reg : column_left_reg == 16'd3",
        "column_left_reg == 16'd3",
    ),
    "two images": Mutant(
        SEQUENCER, "random", POSITIONS, "image_two_reg   <= two_images_reg", "image_two_reg   <= 1'b0",
    ),
    "a map of one position": Mutant(
        SEQUENCER, "random", POSITIONS, "first_last_reg       <= !pool_reg && ", "first_last_reg       <= 1'b0 && ",
    ),
    "a window that ends with its third member": Mutant(
        SEQUENCER, "random", POSITIONS, "member_reg == 2'd2;\nwire next_column",
        "member_reg == 2'd1;\nwire next_column",
    ),
    "a window whose second row is not below": Mutant(
        SEQUENCER, "random", POSITIONS, " || (pool_reg && member_reg == 2'd0)", "",
    ),
    "rows of windows one row apart": Mutant(
        SEQUENCER, "random", POSITIONS, "pool_reg ? {row_step, 1'b0} : {1'b0, row_step}", "{1'b0, row_step}",
    ),
    "the map's last row left out": Mutant(
        SEQUENCER, "random", POSITIONS, "y_reg < {{COORD_W-16{1'b0}}, in_h_reg}",
        "y_reg + 1'b1 < {{COORD_W-16{1'b0}}, in_h_reg}",
    ),
    "a READ before the raw results are out": Mutant(
        SEQUENCER, "random", ISSUE, "(!read_reg || result_empty)", "1'b1",
    ),
    "thresholds for held sums": Mutant(
        SEQUENCER, "random", ISSUE, "!(sums_leave && codes_reg) || set_ready",
        "!(pass_last && codes_reg) || set_ready || 1'b1",
    ),
    "a wait that is not counted after a take": Mutant(
        SEQUENCER, "random", ISSUE, "wire waits      = takes ? !pass_final : pass_valid",
        "wire waits      = !takes && pass_valid",
    ),
    "a place for sums that stay": Mutant(
        SEQUENCER, "random", ISSUE, "wire pass_raw   = sums_leave &&", "wire pass_raw   = pass_last &&",
    ),
    "an overflow outside the map": Mutant(
        SEQUENCER, "random", ISSUE, " && !issue_zero && act_over_reg", " && act_over_reg",
    ),
    "the sequence of the next command": Mutant(
        SEQUENCER, "overflows", ISSUE, "error_sequence      <= issue_sequence_reg",
        "error_sequence      <= sequence_reg + 16'd1",
    ),
    "a command that counts twice": Mutant(
        SEQUENCER, "random", ISSUE, "convs_issued + {23'd0, issue_final}", "convs_issued + {22'd0, issue_final, 1'b0}",
    ),
    "a tile announced a cycle late": Mutant(
        STORE, ".*", WEIGHTS, "ANNOUNCED = GROUPS - 4", "ANNOUNCED = GROUPS - 3",
    ),
    "a tile before it is whole": Mutant(
        STORE, ".*", WEIGHTS, "complete = s_valid && wr_last && !torn",
        "complete = s_valid && wr_ptr_reg[INDEX_W-1:0] == 0 && !torn",
    ),
    "a tile over one that waits": Mutant(
        STORE, ".*", WEIGHTS, "held_reg && (!shadow_reg || swap)", "held_reg && !reading_reg",
    ),
    "an end mark for all tiles": Mutant(
        STORE, ".*", WEIGHTS, "if (begin_tile) last_reg <= last_next", "last_reg <= last_next",
    ),
    "a torn tile that counts": Mutant(STORE, "end_mark", WEIGHTS, "wr_last && !torn", "wr_last"),
    "nothing left in the shadow": Mutant(STORE, ".*", WEIGHTS, "leftover    <= shadow_reg || ", "leftover    <= "),
    "a place that is lost when taken and given at once": Mutant(
        CREDITS, ".*", "stream/rtl/stream_credits.v", "left_reg + given - {{COUNT_W-1{1'b0}}, take_reg}",
        "give ? left_reg + given : left_reg - {{COUNT_W-1{1'b0}}, take_reg}",
    ),
    "a place given back with each beat": Mutant(
        RESULT_BUFFER, "deskews", "accelerator/rtl/result_buffer.v",
        "freed        <= taken", "freed        <= rd_en != 0",
    ),
    "empty before the last beat has left": Mutant(
        RESULT_BUFFER, "deskews", "accelerator/rtl/result_buffer.v", " && !reserve && !ahead", " && !reserve",
    ),
    "empty over a reservation": Mutant(
        RESULT_BUFFER, "deskews", "accelerator/rtl/result_buffer.v", " && !reserve && !ahead", " && !ahead",
    ),
    "a position before its last column": Mutant(
        RESULT_BUFFER, "deskews", "accelerator/rtl/result_buffer.v", ".stored(in_valid[N-1])", ".stored(in_valid[0])",
    ),
    "a pair whose first column is not kept back": Mutant(
        RESULT_BUFFER, "deskews", "accelerator/rtl/result_buffer.v",
        ".CYCLES(column_delay(SECOND) - column_delay(FIRST))", ".CYCLES(0)",
    ),
    "a READ that ends within a stream word": Mutant(
        READ_BUFFER, "commands", "accelerator/rtl/read_buffer.v", "(place[WORDS-1] || in_last)", "place[WORDS-1]",
    ),
    "a READ that begins within a stream word": Mutant(
        READ_BUFFER, "commands", "accelerator/rtl/read_buffer.v", "rst || (in_valid && in_last)", "rst",
    ),
    "old words where a READ's last stream word is not full": Mutant(
        READ_BUFFER, "commands", "accelerator/rtl/read_buffer.v", "in_valid && (place[w] || place[0])",
        "in_valid && place[w]",
    ),
    "a READ whose first word finds the last one's place": Mutant(
        SEQUENCER, "random", ISSUE, "if (accept) word_reg <= 0;", "if (rst) word_reg <= 0;",
    ),
    "a place that comes back too late for a word a cycle": Mutant(
        Bench("stream", "stream_fifo", "tb_stream"), "one_word",
        "stream/rtl/stream_reader.v", "QUEUE = LATENCY + 3", "QUEUE = LATENCY + 2",
    ),
    "a word later at the output": Mutant(
        Bench("stream", "stream_fifo", "tb_stream"), "capacity",
        "stream/rtl/stream_reader.v", "held_any_reg <= stored || ", "held_any_reg <= ",
    ),
    "a result within the trailer": Mutant(
        RESULT_STREAM, "packets", "accelerator/rtl/result_stream.v", "free && results;", "free;",
    ),
    "a trailer over a result": Mutant(
        RESULT_STREAM, "packets", "accelerator/rtl/result_stream.v", "results && free && !s_valid && trailer_request",
        "results && free && trailer_request",
    ),
    "a soft reset that withdraws a beat": Mutant(
        RESULT_STREAM, "reset", "accelerator/rtl/result_stream.v", "    .rst(m_rst),\n    .s_data",
        "    .rst(m_rst || rst),\n    .s_data",
    ),
    "half a word that a soft reset keeps": Mutant(
        RESULT_STREAM, "reset", "accelerator/rtl/result_stream.v", ".clk(clk), .rst(m_rst),",
        ".clk(clk), .rst(m_rst || rst),",
    ),
    "a trailer's end before its first word has left": Mutant(
        RESULT_STREAM, "old_end", "accelerator/rtl/result_stream.v",
        "    if (out_ready) begin\n        if (state_reg == WAIT)",
        "    if (free) begin\n        if (state_reg == WAIT)",
    ),
    "a CRC-32 without the last word": Mutant(
        RESULT_STREAM_128, "packets", "accelerator/rtl/result_stream.v", "if (state_reg == WAIT) state_reg <= SETTLE",
        "if (state_reg == WAIT) state_reg <= CRC",
    ),
    "an output that S2MM's reset does not reach": Mutant(
        ACCELERATOR, "soft_reset", "accelerator/rtl/accelerator.v", "!aresetn || !m_axis_aresetn", "!aresetn",
    ),
    "an old packet's end for the new one's": Mutant(
        RESULT_STREAM, "old_end", "accelerator/rtl/result_stream.v", " && m_last && state_reg == SENT", " && m_last",
    ),
    "a DMA reset of a cycle": Mutant(
        DMA, "reset_reaches", "axi_dma/rtl/axi_dma.v", "LAST_RESET_CYCLE = 4'd15", "LAST_RESET_CYCLE = 4'd1",
    ),
    "a DMA's soft reset that stays inside": Mutant(
        DMA, "reset_reaches", "axi_dma/rtl/axi_dma.v", "engines_resetn_reg <= !engines_rst;",
        "engines_resetn_reg <= axi_resetn;",
    ),
    "a trailer twice": Mutant(
        RESULT_STREAM, "packets", "accelerator/rtl/result_stream.v", "state_reg == SENT && !trailer_request",
        "state_reg == SENT",
    ),
    "the images' CRC-32 unchecked": Mutant(
        ACCELERATOR, "every_error", CHECKS, "over_reg[END_IMAGES_CRC_HIGH:END_IMAGES_CRC_LOW] == images_crc &&", "",
    ),
    "the program's CRC-32 unchecked": Mutant(
        ACCELERATOR, "every_error", CHECKS,
        " &&\n              over_reg[END_PROGRAM_CRC_HIGH:END_PROGRAM_CRC_LOW] == program_crc", "",
    ),
    "a trailer without the program's CRC-32": Mutant(
        RESULT_STREAM, "packets", "accelerator/rtl/result_stream.v", "= program_crc;", "= images_crc;",
    ),
    "a sum that borrows of its neighbour": Mutant(
        ARRAY, ".*", PES, "CHAIN_BEGIN = 48'd32768", "CHAIN_BEGIN = 48'd0",
    ),
    "a chain that begins with the cascade": Mutant(
        ARRAY, ".*", PES, "DSP_CHAIN == 0 ? r == 0 :", "DSP_CHAIN == 0 ? r == N :",
    ),
    "a pair with one column's weights": Mutant(
        ARRAY, ".*", PES, ".weight_hi(lanes[c+1]", ".weight_hi(lanes[c]",
    ),
    "a pair's columns swapped": Mutant(
        ARRAY, ".*", PES,
        "assign psum[N*N+c]   = $signed(sum[N][PSUM_W-1:0]);\n        assign psum[N*N+c+1] =",
        "assign psum[N*N+c+1] = $signed(sum[N][PSUM_W-1:0]);\n        assign psum[N*N+c]   =",
    ),
    "an upper sum one bit up": Mutant(ARRAY, ".*", PES, "sum[N][16 +: PSUM_W]", "sum[N][17 +: PSUM_W]"),
    "a pair's other row's weights": Mutant(
        ARRAY, ".*", PES, ".weight_lo(lanes[c][r*LANES_W + (r%ROWS)*WGT_W +: WGT_W])",
        ".weight_lo(lanes[c][r*LANES_W +: WGT_W])",
    ),
    "a pair's activations of the next stage": Mutant(
        ARRAY, ".*", PES, "localparam STAGE = c / 2;", "localparam STAGE = c / 2 + 1;",
    ),
    "weights of a column as late as its number": Mutant(
        ARRAY, ".*", PES, "delay_line #(.WIDTH(LANES_W), .CYCLES(column_delay(c)))",
        "delay_line #(.WIDTH(LANES_W), .CYCLES(c))",
    ),
    "a pair whose second column is late": Mutant(
        ARRAY, ".*", DELAY, "column < DSP_COLUMNS ? column / 2", "column < DSP_COLUMNS ? (column + 1) / 2",
    ),
    "columns behind the pairs a cycle early": Mutant(
        ARRAY, ".*", DELAY, "column - DSP_COLUMNS / 2", "column - DSP_COLUMNS / 2 - 1",
    ),
    "a sum's sign lost": Mutant(ARRAY, ".*", PES, "{{PSUM_W-SUM_W{sum[SUM_W-1]}}, sum}", "{{PSUM_W-SUM_W{1'b0}}, sum}"),
    "tags a stage early": Mutant(ARRAY, ".*", PES, "tag[STAGE + RESULT_DELAY]", "tag[STAGE + RESULT_DELAY - 1]"),
    "an end a stage early": Mutant(
        ARRAY, ".*", PES, "command_valid[STAGES-1] && command[STAGES-1]",
        "command_valid[STAGES-2] && command[STAGES-2]",
    ),
    "codes of pairs deskewed as columns": Mutant(
        PAIRS, ".*", WIRES, ".CYCLES(column_delay(N - 1) - column_delay(c))", ".CYCLES(N - 1 - c)",
    ),
    "a kernel width beyond 7": Mutant(ACCELERATOR, "every_error", DESCRIPTOR, " && !kernel_w[3]", ""),
    "a kernel height beyond 7": Mutant(ACCELERATOR, "every_error", DESCRIPTOR, " && !kernel_h[3]", ""),
    "a beat over a word that waits": Mutant(
        WORDS, ".*", "stream/rtl/stream_words.v", "!(word_next || (low_valid_reg", "!((low_valid_reg",
    ),
    "a high half behind a packet's end": Mutant(
        WORDS, ".*", "stream/rtl/stream_words.v", "(low_valid_reg ? low_last_reg : s_last)", "low_last_reg",
    ),
    "nothing held while a high half waits": Mutant(
        Bench("accelerator", "threshold_fifo", "tb_threshold_fifo", "STREAM_W=128 DEPTH=16"), ".*",
        "accelerator/rtl/threshold_fifo.v", "valid || m_valid || s_valid", "valid || s_valid",
    ),
    "a descriptor that the packet ends with": Mutant(
        DECODER_64, "every_end", BUFFER, "last_take && !tlast", "last_take",
    ),
    "a descriptor over one that waits": Mutant(
        DECODER_128, "stream_goes_on", BUFFER, "slot_reg[k] && !full", "slot_reg[k]",
    ),
    "a LOAD that goes on where the memory begins": Mutant(
        DECODER_128, "every_fault", LOAD, "<= bad || {{", "<= {{",
    ),
    "a place for each half of a group": Mutant(
        DECODER_256, "every_place", DECODER, "take_at[DECODER_WEIGHTS] && group_word)", "take_at[DECODER_WEIGHTS])",
    ),
    "a program id that outlives a soft reset": Mutant(
        ACCELERATOR, "soft_reset", DECODER, "if (rst) program_id <= 32'd0;", "",
    ),
    "a LOAD or WEIGHTS without data": Mutant(
        DECODER_64, "every_length", CHECKS, "default:           length_ok = (long || length != 4'd1) &&",
        "default:           length_ok =",
    ),
    "THRESHOLDS without data": Mutant(
        DECODER_64, "every_length", CHECKS, "OPCODE_THRESHOLDS: length_ok = (long || length != 4'd1) &&",
        "OPCODE_THRESHOLDS: length_ok =",
    ),
    "an IMAGE without data": Mutant(
        DECODER_64, "every_length", CHECKS, "(long || length > IMAGE_BEATS) &&", "(long || length >= IMAGE_BEATS) &&",
    ),
    "an error that leaves the stream closed": Mutant(
        DECODER_64, ".*", DECODER, "closed_reg <= take ? s_last : ended_reg;", "closed_reg <= closed_reg;",
    ),
    "an error with TLAST that leaves the stream open": Mutant(
        DECODER_64, ".*", DECODER, "closed_reg <= take ? s_last : ended_reg;", "closed_reg <= 1'b0;",
    ),
}  # fmt: skip
