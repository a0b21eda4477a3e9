`resetall
`default_nettype none

/*
 * Takes the program stream apart: checks every command, writes activations, hands CONV descriptors to the sequencer and
 * weights to the weight FIFO, checks the program's CRC-32, asks for the trailer.
 *
 * The first error of a program is kept with its command's sequence number until reset; the stream is drained to TLAST and
 * answered with a trailer, and so is every later program.
 */
module decoder #(
    // Rows and columns of the array: 8, 16 or 32
    parameter N = 8,
    // Bits of an activation
    parameter ACT_W = 4,
    // Bits of a weight
    parameter WGT_W = 4,
    // Bits of an accumulator
    parameter ACC_W = 28,
    // Words of the activation memory
    parameter ACT_DEPTH = 8192,
    // Bits of a group: what one cycle moves into the activation memory or the weight FIFO
    parameter GROUP_W = 64,
    // Width of a group's address in the activation memory (derived)
    parameter GROUP_ADDR_W = $clog2(ACT_DEPTH * N * ACT_W / GROUP_W)
) (
    input  wire                    clk,
    input  wire                    rst,
    // Program
    input  wire [63:0]             s_data,
    input  wire                    s_last,
    input  wire                    s_valid,
    output wire                    s_ready,
    // Activation memory
    output reg                     act_wr_en,
    output reg  [GROUP_ADDR_W-1:0] act_wr_addr,
    output reg  [GROUP_W-1:0]      act_wr_data,
    // Weights
    output wire [GROUP_W-1:0]      weight_group,
    output wire                    weight_end,
    output wire                    weight_valid,
    input  wire                    weight_ready,
    output wire                    weight_first_beat,
    // Descriptor
    output wire                    cfg_valid,
    input  wire                    cfg_ready,
    output wire [15:0]             cfg_in_h,
    output wire [15:0]             cfg_in_w,
    output wire [15:0]             cfg_out_h,
    output wire [15:0]             cfg_out_w,
    output wire [15:0]             cfg_ic_tiles,
    output wire [15:0]             cfg_oc_tiles,
    output wire [15:0]             cfg_images,
    output wire [2:0]              cfg_kernel_h,
    output wire [2:0]              cfg_kernel_w,
    output wire                    cfg_stride_2,
    output wire [1:0]              cfg_padding,
    output wire [31:0]             cfg_act_base,
    output wire [31:0]             cfg_tile_stride,
    output wire [31:0]             cfg_image_stride,
    output wire                    cfg_relu,
    // Engine
    input  wire                    engine_idle,     // every issued position's result is out and sent
    input  wire                    engine_error,
    input  wire [7:0]              engine_error_code,
    // Trailer
    output wire                    trailer_request,
    input  wire                    trailer_done,
    // State
    output reg                     program_start,
    output reg  [31:0]             program_id,
    output reg                     error,
    output reg  [7:0]              error_code,
    output reg  [15:0]             error_sequence,
    output reg  [7:0]              last_opcode,
    output reg  [15:0]             last_sequence,
    output wire                    loading,
    output wire                    draining,
    output wire [3:0]              state
);

`include "accelerator_registers.vh"

localparam [31:0] MAGIC          = 32'h52505754;
localparam [15:0] FORMAT_VERSION = 16'd1;
localparam [7:0]  OPCODE_BEGIN   = 8'h01;
localparam [7:0]  OPCODE_LOAD    = 8'h02;
localparam [7:0]  OPCODE_CONV    = 8'h03;
localparam [7:0]  OPCODE_END     = 8'h0F;

localparam [3:0] HEADER     = 4'd0;
localparam [3:0] BEGIN      = 4'd1;
localparam [3:0] LOAD_ADDR  = 4'd2;
localparam [3:0] LOAD_DATA  = 4'd3;
localparam [3:0] DESCRIPTOR = 4'd4;
localparam [3:0] START      = 4'd5;
localparam [3:0] WEIGHTS    = 4'd6;
localparam [3:0] END        = 4'd7;
localparam [3:0] FINISH     = 4'd8;
localparam [3:0] TRAILER    = 4'd9;
localparam [3:0] DRAIN      = 4'd10;

localparam       PAIRED     = GROUP_W > 64;
localparam       WORDS      = GROUP_W / (N * ACT_W);    // activation words a group: 1 or 2
localparam       GROUPS     = ACT_DEPTH / WORDS;

reg [3:0]  state_reg;
reg [31:0] remaining_reg;          // payload beats not yet taken
reg [15:0] sequence_reg;           // expected sequence number
reg        begun_reg;
reg [2:0]  descriptor_beat_reg;
reg [63:0] descriptor_reg [0:5];
reg [15:0] conv_sequence_reg;
reg [31:0] load_group_reg;
reg        half_reg;               // the low beat of a pair is in low_reg
reg        first_weight_reg;
reg [31:0] crc_reg;
wire [31:0] crc_next;

crc32 u_crc32 (.crc_in(crc_reg), .data(s_data), .crc_out(crc_next));

assign state    = state_reg;
assign loading  = state_reg == LOAD_ADDR || state_reg == LOAD_DATA;
assign draining = state_reg == DRAIN;

// ---- input handshake: never depends on s_valid
assign s_ready = state_reg == HEADER || state_reg == BEGIN || state_reg == LOAD_DATA || state_reg == DESCRIPTOR ||
                 state_reg == END || state_reg == DRAIN || (state_reg == LOAD_ADDR && engine_idle) ||
                 (state_reg == WEIGHTS && weight_ready);
wire beat         = s_valid && s_ready;
wire payload_last = remaining_reg == 32'd1;

// ---- groups: one beat, or two for N = 32
wire group_beat;
generate
    if (PAIRED) begin : g_paired
        reg [63:0] low_reg;
        always @(posedge clk) if (beat && !half_reg) low_reg <= s_data;
        assign group_beat   = half_reg;
        assign weight_group = {s_data, low_reg};
    end else begin : g_single
        assign group_beat   = 1'b1;
        assign weight_group = s_data;
    end
endgenerate

assign weight_valid      = state_reg == WEIGHTS && s_valid && group_beat && !s_last;
assign weight_end        = payload_last;
assign weight_first_beat = state_reg == WEIGHTS && beat && first_weight_reg;

always @(posedge clk) begin
    act_wr_en   <= state_reg == LOAD_DATA && beat && group_beat && !s_last && load_group_reg < GROUPS;
    act_wr_addr <= load_group_reg[GROUP_ADDR_W-1:0];
    act_wr_data <= weight_group;
end

// ---- header checks
wire [7:0]  header_opcode   = s_data[7:0];
wire [31:0] header_length   = s_data[63:32];
wire        known_opcode    = header_opcode == OPCODE_BEGIN || header_opcode == OPCODE_LOAD ||
                              header_opcode == OPCODE_CONV || header_opcode == OPCODE_END;
wire        length_ok       =
    header_opcode == OPCODE_BEGIN ? header_length == 32'd2 :
    header_opcode == OPCODE_LOAD  ? header_length >= 32'd2 && (!PAIRED || header_length[0]) :
    header_opcode == OPCODE_CONV  ? header_length >= 32'd7 && (!PAIRED || !header_length[0]) :
                                    header_length == 32'd1;
wire [7:0]  header_error    =
    !begun_reg && header_opcode != OPCODE_BEGIN                   ? ERROR_BAD_MAGIC :
    !known_opcode                                                 ? ERROR_UNKNOWN_OPCODE :
    s_data[31:16] != sequence_reg                                 ? ERROR_BAD_SEQUENCE :
    begun_reg && header_opcode == OPCODE_BEGIN                    ? ERROR_BAD_SEQUENCE :
    s_data[15:8] != 8'd0                                          ? ERROR_BAD_DESCRIPTOR :
    !length_ok                                                    ? ERROR_BAD_LENGTH : 8'd0;

// ---- BEGIN checks: the magic comes while two beats remain
wire [7:0]  begin_error     =
    payload_last ? (s_data[31:0] != {ACC_W[7:0], WGT_W[7:0], ACT_W[7:0], N[7:0]} ? ERROR_BAD_PARAMETERS : 8'd0) :
    s_data[31:0] != MAGIC                                         ? ERROR_BAD_MAGIC :
    s_data[63:32] != {16'd0, FORMAT_VERSION}                      ? ERROR_BAD_FORMAT : 8'd0;

// ---- LOAD checks
wire [7:0]  load_addr_error =
    s_data[63:32] != 32'd0 || (WORDS == 2 && s_data[0])            ? ERROR_BAD_DESCRIPTOR :
    s_data[31:0] >= ACT_DEPTH                                     ? ERROR_ACT_OVERFLOW : 8'd0;
wire [7:0]  load_data_error = load_group_reg >= GROUPS            ? ERROR_ACT_OVERFLOW : 8'd0;

// ---- CONV descriptor
wire [63:0] map_beat    = descriptor_reg[0];
wire [63:0] loop_beat   = descriptor_reg[1];
wire [63:0] addr_beat   = descriptor_reg[2];
wire [63:0] mode_beat   = descriptor_reg[3];

assign {cfg_out_w, cfg_out_h, cfg_in_w, cfg_in_h} = map_beat;
assign {cfg_images, cfg_oc_tiles, cfg_ic_tiles}   = loop_beat[47:0];
assign cfg_kernel_h     = loop_beat[50:48];
assign cfg_kernel_w     = loop_beat[54:52];
assign cfg_stride_2     = loop_beat[57];
assign cfg_padding      = loop_beat[59:58];
assign {cfg_tile_stride, cfg_act_base} = addr_beat;
assign cfg_image_stride = mode_beat[31:0];
assign cfg_relu         = mode_beat[32];

wire        counts_ok   = cfg_in_h != 0 && cfg_in_w != 0 && cfg_out_h != 0 && cfg_out_w != 0 &&
                          cfg_ic_tiles != 0 && cfg_oc_tiles != 0 && cfg_images != 0;
wire        kernel_ok   = cfg_kernel_h != 0 && cfg_kernel_w != 0 && !loop_beat[51] && !loop_beat[55];
wire        stride_ok   = loop_beat[56] != loop_beat[57];
wire        reserved_ok = loop_beat[63:60] == 4'd0 && mode_beat[63:33] == 31'd0 &&
                          descriptor_reg[4] == 64'd0 && descriptor_reg[5] == 64'd0;
wire [7:0]  descriptor_error =
    !counts_ok || !kernel_ok || !stride_ok || !reserved_ok        ? ERROR_BAD_DESCRIPTOR :
    cfg_act_base >= ACT_DEPTH || cfg_tile_stride > ACT_DEPTH || cfg_image_stride > ACT_DEPTH ? ERROR_ACT_OVERFLOW : 8'd0;

assign cfg_valid = state_reg == START && descriptor_error == 8'd0 && !error;

// ---- END check
wire [7:0]  end_error   =
    !s_last                                                       ? ERROR_TLAST_MISSING :
    s_data != {32'd0, ~crc_reg}                                   ? ERROR_BAD_CRC : 8'd0;

// ---- the error of this cycle, if any
reg [7:0]  beat_error;
always @* begin
    case (state_reg)
        HEADER:     beat_error = header_error;
        BEGIN:      beat_error = begin_error;
        LOAD_ADDR:  beat_error = load_addr_error;
        LOAD_DATA:  beat_error = load_data_error;
        END:        beat_error = end_error;
        default:    beat_error = 8'd0;
    endcase
    if (s_last && state_reg != END) beat_error = ERROR_TLAST_EARLY;
end

wire start_failed = state_reg == START && descriptor_error != 8'd0;
wire beat_failed  = beat && state_reg != DRAIN && beat_error != 8'd0;
wire engine_fails = engine_error && state_reg != DRAIN;
wire fails        = !error && (start_failed || beat_failed || engine_fails);

// ---- state
always @(posedge clk) begin
    program_start <= 1'b0;
    if (beat) begin
        crc_reg       <= crc_next;
        remaining_reg <= remaining_reg - 32'd1;
        half_reg      <= (state_reg == WEIGHTS || state_reg == LOAD_DATA) && PAIRED && !half_reg;
    end
    case (state_reg)
        HEADER: if (beat) begin
            remaining_reg       <= header_length;
            sequence_reg        <= sequence_reg + 16'd1;
            last_opcode         <= header_opcode;
            last_sequence       <= s_data[31:16];
            descriptor_beat_reg <= 3'd0;
            first_weight_reg    <= 1'b1;
            case (header_opcode)
                OPCODE_BEGIN: begin
                    state_reg     <= BEGIN;
                    begun_reg     <= 1'b1;
                    program_start <= header_error == 8'd0;
                end
                OPCODE_LOAD:  state_reg <= LOAD_ADDR;
                OPCODE_CONV:  state_reg <= DESCRIPTOR;
                default:      state_reg <= END;
            endcase
        end
        BEGIN: if (beat) begin
            if (payload_last) begin
                program_id <= s_data[63:32];
                state_reg  <= HEADER;
            end
        end
        LOAD_ADDR: if (beat) begin
            load_group_reg <= s_data[31:0] >> (WORDS - 1);
            state_reg      <= LOAD_DATA;
        end
        LOAD_DATA: if (beat) begin
            if (group_beat) load_group_reg <= load_group_reg + 32'd1;
            if (payload_last) state_reg <= HEADER;
        end
        DESCRIPTOR: if (beat) begin
            descriptor_beat_reg <= descriptor_beat_reg + 3'd1;
            if (descriptor_beat_reg == 3'd5) state_reg <= START;
        end
        START: if (cfg_ready) begin
            conv_sequence_reg <= last_sequence;
            state_reg         <= WEIGHTS;
        end
        WEIGHTS: if (beat) begin
            first_weight_reg <= 1'b0;
            if (payload_last) state_reg <= HEADER;
        end
        END: if (beat) state_reg <= FINISH;
        FINISH: if (engine_idle) state_reg <= TRAILER;
        TRAILER: if (trailer_done) begin
            state_reg    <= error ? DRAIN : HEADER;
            begun_reg    <= 1'b0;
            sequence_reg <= 16'd0;
            crc_reg      <= 32'hFFFFFFFF;
        end
        default: if (beat && s_last) state_reg <= TRAILER;
    endcase
    if (fails) begin
        error          <= 1'b1;
        error_code     <= engine_fails ? engine_error_code : start_failed ? descriptor_error : beat_error;
        error_sequence <= engine_fails ? conv_sequence_reg : state_reg == HEADER ? s_data[31:16] : last_sequence;
        state_reg      <= (beat && s_last) || state_reg == FINISH ? TRAILER : DRAIN;
    end
    if (rst) begin
        state_reg      <= HEADER;
        begun_reg      <= 1'b0;
        half_reg       <= 1'b0;
        sequence_reg   <= 16'd0;
        crc_reg        <= 32'hFFFFFFFF;
        error          <= 1'b0;
        error_code     <= 8'd0;
        error_sequence <= 16'd0;
        last_opcode    <= 8'd0;
        last_sequence  <= 16'd0;
        program_id     <= 32'd0;
        program_start  <= 1'b0;
    end
end

generate
    genvar i;
    for (i = 0; i < 6; i = i + 1) begin : g_descriptor
        always @(posedge clk)
            if (beat && state_reg == DESCRIPTOR && descriptor_beat_reg == i) descriptor_reg[i] <= s_data;
    end
endgenerate

assign trailer_request = state_reg == TRAILER;

endmodule

`resetall
