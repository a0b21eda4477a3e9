// Generated from cores/registers/accelerator.rdl by cores/registers/generate.py (`make registers`): do not edit.

// A module that includes this file uses only some of its constants.
// verilator lint_off UNUSEDPARAM

// Offsets of the registers; of a counter, its low word
localparam [11:0] REG_ID = 12'h000;
localparam [11:0] REG_VERSION = 12'h004;
localparam [11:0] REG_ARRAY = 12'h008;
localparam [11:0] REG_ACT_DEPTH = 12'h00C;
localparam [11:0] REG_ACC_DEPTH = 12'h010;
localparam [11:0] REG_DEPTHS = 12'h014;
localparam [11:0] REG_FORMAT = 12'h018;
localparam [11:0] REG_BUILD_HASH = 12'h01C;
localparam [11:0] REG_CONTROL = 12'h020;
localparam [11:0] REG_STATUS = 12'h024;
localparam [11:0] REG_ERROR = 12'h028;
localparam [11:0] REG_COMMAND = 12'h02C;
localparam [11:0] REG_PROGRAM = 12'h030;
localparam [11:0] REG_IRQ_STATUS = 12'h034;
localparam [11:0] REG_POSTPROC = 12'h038;
localparam [11:0] REG_STYLE = 12'h03C;
localparam [11:0] REG_LOG = 12'h040;
localparam [11:0] REG_LOG_INDEX = 12'h044;
localparam [11:0] REG_LOG_CYCLES = 12'h048;
localparam [11:0] REG_LOG_MAC_CYCLES = 12'h04C;
localparam [11:0] REG_LOG_STALL_WEIGHTS = 12'h050;
localparam [11:0] REG_LOG_STALL_ACTIVATIONS = 12'h054;
localparam [11:0] REG_LOG_STALL_OUTPUT = 12'h058;
localparam [11:0] REG_LOG_STALL_THRESHOLDS = 12'h05C;
localparam [11:0] REG_CYCLES = 12'h100;
localparam [11:0] REG_LAYER_CYCLES = 12'h108;
localparam [11:0] REG_MAC_CYCLES = 12'h110;
localparam [11:0] REG_STALL_WEIGHTS = 12'h118;
localparam [11:0] REG_STALL_ACTIVATIONS = 12'h120;
localparam [11:0] REG_STALL_OUTPUT = 12'h128;
localparam [11:0] REG_BEATS_IN = 12'h130;
localparam [11:0] REG_BEATS_OUT = 12'h138;
localparam [11:0] REG_STALL_THRESHOLDS = 12'h140;

// Values of the constant registers
localparam [31:0] REG_ID_RESET = 32'h54573031;
localparam [31:0] REG_VERSION_RESET = 32'h00020000;

// Decoder states
localparam [3:0] DECODER_HEADER = 4'd0;
localparam [3:0] DECODER_BEGIN = 4'd1;
localparam [3:0] DECODER_LOAD_WAIT = 4'd2;
localparam [3:0] DECODER_LOAD_DATA = 4'd3;
localparam [3:0] DECODER_DESCRIPTOR = 4'd4;
localparam [3:0] DECODER_WEIGHTS = 4'd5;
localparam [3:0] DECODER_THRESHOLDS = 4'd6;
localparam [3:0] DECODER_FINISH = 4'd7;
localparam [3:0] DECODER_TRAILER = 4'd8;
localparam [3:0] DECODER_DRAIN = 4'd9;
localparam [3:0] DECODER_IMAGE_ROWS = 4'd10;
localparam [3:0] DECODER_IMAGE_KERNEL = 4'd11;
localparam [3:0] DECODER_IMAGE_DATA = 4'd12;

// Engine states
localparam [2:0] ENGINE_IDLE = 3'd0;
localparam [2:0] ENGINE_WAITS_FOR_WEIGHTS = 3'd1;
localparam [2:0] ENGINE_RUNS = 3'd2;
localparam [2:0] ENGINE_OUTPUT_BLOCKED = 3'd3;
localparam [2:0] ENGINE_WAITS_FOR_ACTIVATIONS = 3'd4;
localparam [2:0] ENGINE_WAITS_FOR_THRESHOLDS = 3'd5;

// Error codes
localparam [7:0] ERROR_NONE = 8'd0;
localparam [7:0] ERROR_BAD_MAGIC = 8'd1;
localparam [7:0] ERROR_BAD_FORMAT = 8'd2;
localparam [7:0] ERROR_BAD_PARAMETERS = 8'd3;
localparam [7:0] ERROR_UNKNOWN_OPCODE = 8'd4;
localparam [7:0] ERROR_BAD_SEQUENCE = 8'd5;
localparam [7:0] ERROR_BAD_LENGTH = 8'd6;
localparam [7:0] ERROR_BAD_DESCRIPTOR = 8'd7;
localparam [7:0] ERROR_ACT_OVERFLOW = 8'd8;
localparam [7:0] ERROR_ACC_OVERFLOW = 8'd9;
localparam [7:0] ERROR_WEIGHTS_SHORT = 8'd10;
localparam [7:0] ERROR_WEIGHTS_LONG = 8'd11;
localparam [7:0] ERROR_TLAST_EARLY = 8'd12;
localparam [7:0] ERROR_TLAST_MISSING = 8'd13;
localparam [7:0] ERROR_BAD_CRC = 8'd14;
localparam [7:0] ERROR_THRESHOLDS_SHORT = 8'd15;
localparam [7:0] ERROR_THRESHOLDS_LONG = 8'd16;
localparam [7:0] ERROR_NEVER_READY = 8'd17;

// verilator lint_on UNUSEDPARAM
