`resetall
`default_nettype none

/*
 * Scatter-gather mode: registers and descriptor engine of each channel, and the port to the descriptors that they share.
 */
module axi_dma_sg #(
    // Width of an address in bits: 32 to 64
    parameter ADDR_W = 40,
    // Width of a length in bytes
    parameter LENGTH_W = 26
) (
    input  wire                clk,
    // Soft reset: the registers at once, the rest when nothing is outstanding; resetting until then
    input  wire                registers_rst,
    input  wire                rst,
    input  wire                resetting,
    output wire                quiet,
    // Registers: [0] MM2S, [1] S2MM; rd_data one cycle after rd_word
    input  wire [1:0]          wr_en,
    input  wire [3:0]          wr_word,
    input  wire [31:0]         wr_data,
    input  wire [3:0]          rd_word,
    output wire [31:0]         rd_data_mm2s,
    output wire [31:0]         rd_data_s2mm,
    output wire [1:0]          reset_request,
    // Engines
    output wire                mm2s_start,
    output wire [ADDR_W-1:0]   mm2s_addr,
    output wire [LENGTH_W-1:0] mm2s_length,
    output wire                mm2s_last,
    input  wire                mm2s_done,
    input  wire [2:0]          mm2s_errors,
    // A beat waits at the stream
    input  wire                s2mm_waiting,
    output wire                s2mm_start,
    output wire [ADDR_W-1:0]   s2mm_addr,
    output wire [LENGTH_W-1:0] s2mm_length,
    input  wire                s2mm_done,
    input  wire [2:0]          s2mm_errors,
    input  wire [LENGTH_W-1:0] s2mm_received,
    input  wire                s2mm_received_last,
    output wire                mm2s_introut,
    output wire                s2mm_introut,

    output wire [ADDR_W-1:0]   m_axi_araddr,
    output wire [7:0]          m_axi_arlen,
    output wire                m_axi_arvalid,
    input  wire                m_axi_arready,
    input  wire [63:0]         m_axi_rdata,
    input  wire [1:0]          m_axi_rresp,
    input  wire                m_axi_rlast,
    input  wire                m_axi_rvalid,
    output wire                m_axi_rready,
    output wire [ADDR_W-1:0]   m_axi_awaddr,
    output wire [7:0]          m_axi_awlen,
    output wire                m_axi_awvalid,
    input  wire                m_axi_awready,
    output wire [63:0]         m_axi_wdata,
    output wire [7:0]          m_axi_wstrb,
    output wire                m_axi_wlast,
    output wire                m_axi_wvalid,
    input  wire                m_axi_wready,
    input  wire [1:0]          m_axi_bresp,
    input  wire                m_axi_bvalid,
    output wire                m_axi_bready
);

wire [1:0] run;
wire [1:0] cyclic;
wire [1:0] armed;
wire [1:0] tail_fetched;
wire [1:0] started;
wire [1:0] packet_done;
wire [1:0] failed;
wire [1:0] active;
wire [1:0] fetch;
wire [1:0] fetched;
wire [1:0] update;
wire [1:0] updated;

wire [ADDR_W-7:0] mm2s_current;
wire [ADDR_W-7:0] mm2s_tail;
wire [ADDR_W-7:0] mm2s_started_addr;
wire [5:0]        mm2s_failed_errors;
wire [ADDR_W-7:0] mm2s_failed_addr;
wire [ADDR_W-7:0] mm2s_fetch_addr;
wire [ADDR_W-7:0] mm2s_update_addr;
wire [31:0]       mm2s_update_status;

wire [ADDR_W-7:0] s2mm_current;
wire [ADDR_W-7:0] s2mm_tail;
wire [ADDR_W-7:0] s2mm_started_addr;
wire [5:0]        s2mm_failed_errors;
wire [ADDR_W-7:0] s2mm_failed_addr;
wire [ADDR_W-7:0] s2mm_fetch_addr;
wire [ADDR_W-7:0] s2mm_update_addr;
wire [31:0]       s2mm_update_status;

// A buffer to be filled ends no packet
wire s2mm_unused;

wire [1:0]          fetched_errors;
wire [ADDR_W-7:0]   fetched_next;
wire [ADDR_W-1:0]   fetched_buffer;
wire [LENGTH_W-1:0] fetched_length;
wire                fetched_last;
wire                fetched_complete;
wire [1:0]          updated_errors;

axi_dma_sg_registers #(.ADDR_W(ADDR_W)) mm2s_registers (
    .clk(clk),
    .rst(registers_rst),
    .wr_en(wr_en[0]),
    .wr_word(wr_word),
    .wr_data(wr_data),
    .rd_word(rd_word),
    .rd_data(rd_data_mm2s),
    .reset_request(reset_request[0]),
    .resetting(resetting),
    .run(run[0]),
    .cyclic(cyclic[0]),
    .armed(armed[0]),
    .current(mm2s_current),
    .tail(mm2s_tail),
    .tail_fetched(tail_fetched[0]),
    .started(started[0]),
    .started_addr(mm2s_started_addr),
    .packet_done(packet_done[0]),
    .failed(failed[0]),
    .failed_errors(mm2s_failed_errors),
    .failed_addr(mm2s_failed_addr),
    .active(active[0]),
    .introut(mm2s_introut)
);

axi_dma_sg_channel #(.ADDR_W(ADDR_W), .LENGTH_W(LENGTH_W), .TRANSMIT(1)) mm2s_channel (
    .clk(clk),
    .rst(rst),
    .hold(resetting),
    .run(run[0]),
    .cyclic(cyclic[0]),
    .armed(armed[0]),
    .current(mm2s_current),
    .tail(mm2s_tail),
    .tail_fetched(tail_fetched[0]),
    .started(started[0]),
    .started_addr(mm2s_started_addr),
    .packet_done(packet_done[0]),
    .failed(failed[0]),
    .failed_errors(mm2s_failed_errors),
    .failed_addr(mm2s_failed_addr),
    .active(active[0]),
    .fetch(fetch[0]),
    .fetch_addr(mm2s_fetch_addr),
    .fetched(fetched[0]),
    .fetched_errors(fetched_errors),
    .fetched_next(fetched_next),
    .fetched_buffer(fetched_buffer),
    .fetched_length(fetched_length),
    .fetched_last(fetched_last),
    .fetched_complete(fetched_complete),
    .update(update[0]),
    .update_addr(mm2s_update_addr),
    .update_status(mm2s_update_status),
    .updated(updated[0]),
    .updated_errors(updated_errors),
    .may_start(1'b1),
    .start(mm2s_start),
    .start_addr(mm2s_addr),
    .start_length(mm2s_length),
    .start_last(mm2s_last),
    .done(mm2s_done),
    .done_errors(mm2s_errors),
    .done_length(mm2s_length),
    .done_last(mm2s_last)
);

axi_dma_sg_registers #(.ADDR_W(ADDR_W)) s2mm_registers (
    .clk(clk),
    .rst(registers_rst),
    .wr_en(wr_en[1]),
    .wr_word(wr_word),
    .wr_data(wr_data),
    .rd_word(rd_word),
    .rd_data(rd_data_s2mm),
    .reset_request(reset_request[1]),
    .resetting(resetting),
    .run(run[1]),
    .cyclic(cyclic[1]),
    .armed(armed[1]),
    .current(s2mm_current),
    .tail(s2mm_tail),
    .tail_fetched(tail_fetched[1]),
    .started(started[1]),
    .started_addr(s2mm_started_addr),
    .packet_done(packet_done[1]),
    .failed(failed[1]),
    .failed_errors(s2mm_failed_errors),
    .failed_addr(s2mm_failed_addr),
    .active(active[1]),
    .introut(s2mm_introut)
);

axi_dma_sg_channel #(.ADDR_W(ADDR_W), .LENGTH_W(LENGTH_W), .TRANSMIT(0)) s2mm_channel (
    .clk(clk),
    .rst(rst),
    .hold(resetting),
    .run(run[1]),
    .cyclic(cyclic[1]),
    .armed(armed[1]),
    .current(s2mm_current),
    .tail(s2mm_tail),
    .tail_fetched(tail_fetched[1]),
    .started(started[1]),
    .started_addr(s2mm_started_addr),
    .packet_done(packet_done[1]),
    .failed(failed[1]),
    .failed_errors(s2mm_failed_errors),
    .failed_addr(s2mm_failed_addr),
    .active(active[1]),
    .fetch(fetch[1]),
    .fetch_addr(s2mm_fetch_addr),
    .fetched(fetched[1]),
    .fetched_errors(fetched_errors),
    .fetched_next(fetched_next),
    .fetched_buffer(fetched_buffer),
    .fetched_length(fetched_length),
    .fetched_last(fetched_last),
    .fetched_complete(fetched_complete),
    .update(update[1]),
    .update_addr(s2mm_update_addr),
    .update_status(s2mm_update_status),
    .updated(updated[1]),
    .updated_errors(updated_errors),
    .may_start(s2mm_waiting),
    .start(s2mm_start),
    .start_addr(s2mm_addr),
    .start_length(s2mm_length),
    .start_last(s2mm_unused),
    .done(s2mm_done),
    .done_errors(s2mm_errors),
    .done_length(s2mm_received),
    .done_last(s2mm_received_last)
);

axi_dma_sg_port #(.ADDR_W(ADDR_W), .LENGTH_W(LENGTH_W)) port (
    .clk(clk),
    .rst(rst),
    .halt(resetting),
    .quiet(quiet),
    .fetch(fetch),
    .fetch_addr_mm2s(mm2s_fetch_addr),
    .fetch_addr_s2mm(s2mm_fetch_addr),
    .fetched(fetched),
    .fetched_errors(fetched_errors),
    .fetched_next(fetched_next),
    .fetched_buffer(fetched_buffer),
    .fetched_length(fetched_length),
    .fetched_last(fetched_last),
    .fetched_complete(fetched_complete),
    .update(update),
    .update_addr_mm2s(mm2s_update_addr),
    .update_addr_s2mm(s2mm_update_addr),
    .update_status_mm2s(mm2s_update_status),
    .update_status_s2mm(s2mm_update_status),
    .updated(updated),
    .updated_errors(updated_errors),
    .m_axi_araddr(m_axi_araddr),
    .m_axi_arlen(m_axi_arlen),
    .m_axi_arvalid(m_axi_arvalid),
    .m_axi_arready(m_axi_arready),
    .m_axi_rdata(m_axi_rdata),
    .m_axi_rresp(m_axi_rresp),
    .m_axi_rlast(m_axi_rlast),
    .m_axi_rvalid(m_axi_rvalid),
    .m_axi_rready(m_axi_rready),
    .m_axi_awaddr(m_axi_awaddr),
    .m_axi_awlen(m_axi_awlen),
    .m_axi_awvalid(m_axi_awvalid),
    .m_axi_awready(m_axi_awready),
    .m_axi_wdata(m_axi_wdata),
    .m_axi_wstrb(m_axi_wstrb),
    .m_axi_wlast(m_axi_wlast),
    .m_axi_wvalid(m_axi_wvalid),
    .m_axi_wready(m_axi_wready),
    .m_axi_bresp(m_axi_bresp),
    .m_axi_bvalid(m_axi_bvalid),
    .m_axi_bready(m_axi_bready)
);

wire unused_ok = &{1'b0, s2mm_unused};

endmodule

`resetall
