// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev I4 and I7 of one lease at any rate and fee: it never pays more than its escrow, and at its end what went to the
/// provider, the fees and the refund is the escrow, however often it settled or was extended.
contract LeaseModel {
    bool private live;
    uint256 private escrow;
    uint256 private paid;
    uint256 private toProvider;
    uint256 private toFees;
    uint256 private refund;

    function nothingLost() external view {
        assert(paid <= escrow && toProvider + toFees == paid && (live || refund + toProvider + toFees == escrow));
    }

    function open(uint128 amount) external {
        require(!live);
        live = true;
        escrow = amount;
        paid = 0;
        toProvider = 0;
        toFees = 0;
        refund = 0;
    }

    function topUp(uint128 more) external {
        require(live && escrow + more <= type(uint128).max);
        escrow += more;
    }

    function settle(uint256 total, uint256 cap, uint256 fee) external {
        require(live);
        _pay(total, cap, fee);
    }

    function close(uint256 total, uint256 cap, uint256 fee) external {
        require(live);
        _pay(total, cap, fee);
        _end();
    }

    function finalizeClose() external {
        require(live);
        _end();
    }

    /// @dev `cap` is the clock's, unbounded here; `fee` any part of the step (proofs/models/Fees.sol shows that it is).
    function _pay(uint256 total, uint256 cap, uint256 fee) private {
        if (cap > escrow) cap = escrow; // seeded cap-forgets-escrow:
        require(total >= paid && total <= cap);
        require(fee <= total - paid);
        toProvider += total - paid - fee; // seeded pays-the-total-again: toProvider += total - fee;
        toFees += fee;
        paid = total;
    }

    function _end() private {
        refund = escrow - paid; // seeded refund-of-the-whole-escrow: refund = escrow;
        live = false;
    }
}
