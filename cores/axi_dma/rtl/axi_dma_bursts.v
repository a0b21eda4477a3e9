`resetall
`default_nettype none

/*
 * Cuts a run of beats into AXI bursts and puts their addresses on an AR or AW channel.
 *
 * A burst ends at a multiple of BURST beats or at the end of the run, so none crosses 4 KiB and none is longer than AXI3 allows.
 * It is issued only when all of its beats are known to exist (beats, beats_final), when there is space for them and when
 * fewer than OUTSTANDING bursts wait for their answer. stop lets nothing new out; an address that is out stays until taken.
 */
module axi_dma_bursts #(
    // Width of an address in bits
    parameter ADDR_W = 40,
    // Bits of an address within a beat
    parameter BYTE_W = 3,
    // Longest burst in beats: 2, 4, 8 or 16
    parameter BURST = 16,
    // Bursts that may wait for their answer
    parameter OUTSTANDING = 8,
    // Width of beats
    parameter BEATS_W = 24,
    // Width of space
    parameter SPACE_W = 10,
    // Width of a burst's length in beats (derived)
    parameter SIZE_W = $clog2(BURST) + 1
) (
    input  wire               clk,
    input  wire               rst,
    // First address of a run, in beats; beats follows one cycle later
    input  wire               start,
    input  wire [ADDR_W-BYTE_W-1:0] start_addr,
    input  wire               stop,
    // Beats that have no address yet, and whether more will follow
    input  wire [BEATS_W-1:0] beats,
    input  wire               beats_final,
    input  wire [SPACE_W-1:0] space,
    // A burst was issued: its owner subtracts issue_beats from beats and space
    output wire               issue,
    output wire [SIZE_W-1:0]  issue_beats,
    // A burst was answered
    input  wire               complete,
    output wire               none_outstanding,
    output wire [ADDR_W-1:0]  a_addr,
    output wire [7:0]         a_len,
    output wire               a_valid,
    input  wire               a_ready
);

localparam OFFSET_W = $clog2(BURST);
localparam COUNT_W  = $clog2(OUTSTANDING + 1);

localparam [1:0] SIZE = 2'd0, CHECK = 2'd1, ADDRESS = 2'd2;

reg [1:0] state_reg;

reg [ADDR_W-BYTE_W-OFFSET_W-1:0] block_reg;
reg [OFFSET_W-1:0]               offset_reg;

wire [SIZE_W-1:0] to_boundary = BURST[SIZE_W-1:0] - {1'b0, offset_reg};
wire              whole       = beats >= {{BEATS_W-SIZE_W{1'b0}}, to_boundary};

reg [SIZE_W-1:0]  size_reg;
reg               ready_reg;
reg [COUNT_W-1:0] outstanding_reg;

wire go = state_reg == CHECK && ready_reg && !stop && space >= {{SPACE_W-SIZE_W{1'b0}}, size_reg}
    && outstanding_reg != OUTSTANDING[COUNT_W-1:0];

reg              issue_reg;
reg              a_valid_reg;
reg [ADDR_W-1:0] a_addr_reg;
reg [7:0]        a_len_reg;

assign issue            = issue_reg;
assign issue_beats      = size_reg;
assign none_outstanding = outstanding_reg == 0;
assign a_valid          = a_valid_reg;
assign a_addr           = a_addr_reg;
assign a_len            = a_len_reg;

always @(posedge clk) begin
    case (state_reg)
        SIZE:    state_reg <= CHECK;
        CHECK:   state_reg <= go ? ADDRESS : SIZE;
        default: state_reg <= a_ready ? SIZE : ADDRESS;
    endcase
    issue_reg       <= go;
    a_valid_reg     <= go || (a_valid_reg && !a_ready);
    outstanding_reg <= outstanding_reg + {{COUNT_W-1{1'b0}}, go} - {{COUNT_W-1{1'b0}}, complete};
    // From the start on, so that a transfer takes the same cycles whenever it begins
    if (rst || start) state_reg <= SIZE;
    if (rst) begin
        issue_reg       <= 1'b0;
        a_valid_reg     <= 1'b0;
        outstanding_reg <= 0;
    end
end

always @(posedge clk) begin
    if (state_reg == SIZE) begin
        size_reg  <= whole ? to_boundary : beats[SIZE_W-1:0];
        ready_reg <= beats != 0 && (whole || beats_final);
    end
    if (go) begin
        a_addr_reg <= {block_reg, offset_reg, {BYTE_W{1'b0}}};
        a_len_reg  <= {{8-SIZE_W{1'b0}}, size_reg} - 8'd1;
    end
    if (start) begin
        {block_reg, offset_reg} <= start_addr;
    end else if (go) begin
        block_reg  <= block_reg + 1'b1;
        offset_reg <= 0;
    end
end

endmodule

`resetall
