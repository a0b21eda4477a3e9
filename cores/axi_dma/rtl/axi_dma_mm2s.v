`resetall
`default_nettype none

/*
 * Memory to stream: reads a run of bytes with AXI bursts and sends it as a packet, or as a part of one (start_last = 0).
 *
 * Space in the FIFO is reserved before a read is issued, so read data are always taken at once. The last beat may be partial
 * (m_axis_tkeep). done is given when the last beat has left, or, after an error, when every outstanding read is answered; the
 * beat in error and all that follow it are not sent, so a packet in error has no m_axis_tlast.
 */
module axi_dma_mm2s #(
    // Width of an address in bits
    parameter ADDR_W = 40,
    // Width of memory and stream in bits: 64 or 128
    parameter DATA_W = 64,
    // Width of a length in bytes
    parameter LENGTH_W = 26,
    // Longest burst in beats: 2, 4, 8 or 16
    parameter BURST = 16,
    // Reads that may wait for their data
    parameter OUTSTANDING = 8,
    // Beats that the FIFO holds: a power of two, at least OUTSTANDING * BURST
    parameter FIFO_DEPTH = 512,
    // Read latency of the FIFO's memory: 1 or 2
    parameter SRAM_LATENCY = 2
) (
    input  wire                clk,
    input  wire                rst,
    input  wire                start,
    input  wire [ADDR_W-1:0]   start_addr,
    input  wire [LENGTH_W-1:0] start_length,
    // The packet ends with this run; one that does not end it is of whole beats
    input  wire                start_last,
    // errors: [0] internal, [1] slave, [2] decode; all zero with done: the transfer is complete
    output wire                done,
    output wire [2:0]          errors,
    // halt: issue nothing more; quiet: nothing is outstanding any more
    input  wire                halt,
    output wire                quiet,
    output wire [ADDR_W-1:0]   m_axi_araddr,
    output wire [7:0]          m_axi_arlen,
    output wire                m_axi_arvalid,
    input  wire                m_axi_arready,
    input  wire [DATA_W-1:0]   m_axi_rdata,
    input  wire [1:0]          m_axi_rresp,
    input  wire                m_axi_rlast,
    input  wire                m_axi_rvalid,
    output wire                m_axi_rready,
    output wire [DATA_W-1:0]   m_axis_tdata,
    output wire [DATA_W/8-1:0] m_axis_tkeep,
    output wire                m_axis_tlast,
    output wire                m_axis_tvalid,
    input  wire                m_axis_tready
);

localparam BYTES   = DATA_W / 8;
localparam BYTE_W  = $clog2(BYTES);
localparam BEATS_W = LENGTH_W - BYTE_W + 1;
localparam SPACE_W = $clog2(FIFO_DEPTH) + 1;
localparam SIZE_W  = $clog2(BURST) + 1;

// Bytes of the last beat, 0 for a whole one
wire [BYTE_W-1:0]  start_rest  = start_length[BYTE_W-1:0];
wire [BEATS_W-1:0] start_beats = {1'b0, start_length[LENGTH_W-1:BYTE_W]} + {{BEATS_W-1{1'b0}}, start_rest != 0};
wire               start_bad   = start_length == 0 || start_addr[BYTE_W-1:0] != 0 || (!start_last && start_rest != 0);

// Reads
reg  [BEATS_W-1:0] unissued_reg;
reg  [SPACE_W-1:0] space_reg;
reg  [2:0]         errors_reg;
wire               issue;
wire [SIZE_W-1:0]  issue_beats;
wire               complete;
wire               none_outstanding;
wire               pop;

axi_dma_bursts #(
    .ADDR_W(ADDR_W),
    .BYTE_W(BYTE_W),
    .BURST(BURST),
    .OUTSTANDING(OUTSTANDING),
    .BEATS_W(BEATS_W),
    .SPACE_W(SPACE_W)
) bursts (
    .clk(clk),
    .rst(rst),
    .start(start),
    .start_addr(start_addr[ADDR_W-1:BYTE_W]),
    .stop(halt || errors_reg != 0),
    .beats(unissued_reg),
    .beats_final(1'b1),
    .space(space_reg),
    .issue(issue),
    .issue_beats(issue_beats),
    .complete(complete),
    .none_outstanding(none_outstanding),
    .a_addr(m_axi_araddr),
    .a_len(m_axi_arlen),
    .a_valid(m_axi_arvalid),
    .a_ready(m_axi_arready)
);

always @(posedge clk) begin
    if (start) unissued_reg <= start_beats;
    else if (issue) unissued_reg <= unissued_reg - {{BEATS_W-SIZE_W{1'b0}}, issue_beats};
    space_reg <= space_reg - (issue ? {{SPACE_W-SIZE_W{1'b0}}, issue_beats} : {SPACE_W{1'b0}})
        + {{SPACE_W-1{1'b0}}, pop};
    if (rst) begin
        unissued_reg <= 0;
        space_reg    <= FIFO_DEPTH[SPACE_W-1:0];
    end
end

// Read data
reg [DATA_W-1:0]  r_data_reg;
reg [1:0]         r_resp_reg;
reg               r_last_reg;
reg               r_valid_reg;
reg [BEATS_W-1:0] unreceived_reg;

wire r_error = r_resp_reg[1];

assign m_axi_rready = 1'b1;
assign complete     = r_valid_reg && r_last_reg;

always @(posedge clk) begin
    r_data_reg  <= m_axi_rdata;
    r_resp_reg  <= m_axi_rresp;
    r_last_reg  <= m_axi_rlast;
    r_valid_reg <= m_axi_rvalid && !rst;
    if (start) unreceived_reg <= start_beats;
    else if (r_valid_reg) unreceived_reg <= unreceived_reg - 1'b1;
end

// Stream
wire [DATA_W-1:0] fifo_data;
wire              fifo_final;
wire              fifo_valid;
wire              fifo_ready;
wire              register_ready;
reg  [BYTES-1:0]  final_keep_reg;
reg               packet_last_reg;
wire              run_end;

stream_fifo #(.WIDTH(DATA_W + 1), .DEPTH(FIFO_DEPTH), .LATENCY(SRAM_LATENCY)) fifo (
    .clk(clk),
    .rst(rst),
    .s_data({unreceived_reg == 1, r_data_reg}),
    .s_valid(r_valid_reg && !r_error && errors_reg == 0),
    .s_ready(fifo_ready),
    .m_data({fifo_final, fifo_data}),
    .m_valid(fifo_valid),
    .m_ready(register_ready)
);

assign pop = fifo_valid && register_ready;

stream_register #(.WIDTH(DATA_W + BYTES + 2)) out (
    .clk(clk),
    .rst(rst),
    .s_data({fifo_final, fifo_final && packet_last_reg, fifo_final ? final_keep_reg : {BYTES{1'b1}}, fifo_data}),
    .s_valid(fifo_valid),
    .s_ready(register_ready),
    .m_data({run_end, m_axis_tlast, m_axis_tkeep, m_axis_tdata}),
    .m_valid(m_axis_tvalid),
    .m_ready(m_axis_tready)
);

always @(posedge clk) begin
    if (start) begin
        final_keep_reg  <= start_rest == 0 ? {BYTES{1'b1}} : ~({BYTES{1'b1}} << start_rest);
        packet_last_reg <= start_last;
    end
end

// Completion
reg  active_reg;
reg  done_reg;
reg  quiet_reg;
wire sent   = m_axis_tvalid && m_axis_tready && run_end;
wire finish = active_reg && (errors_reg != 0 ? none_outstanding : sent);

assign done   = done_reg;
assign errors = errors_reg;
assign quiet  = quiet_reg;

always @(posedge clk) begin
    active_reg <= start || (active_reg && !finish);
    done_reg   <= finish;
    quiet_reg  <= halt && none_outstanding;
    if (start) errors_reg <= {2'b00, start_bad};
    else if (r_valid_reg && r_error) errors_reg <= errors_reg | {r_resp_reg[0], !r_resp_reg[0], 1'b0};
    if (rst) begin
        active_reg <= 1'b0;
        done_reg   <= 1'b0;
        quiet_reg  <= 1'b0;
        errors_reg <= 3'b000;
    end
end

`ifndef SYNTHESIS
always @(posedge clk) begin
    if (!rst && r_valid_reg && !fifo_ready) begin
        $display("axi_dma_mm2s: read data without space in the FIFO");
        $stop;
    end
end
`endif

endmodule

`resetall
