// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev I7 and I10 of the fee: floor(paid * feeBps / BPS) however often a lease settles, never more than the step that
/// pays it; and burnt plus sent equals collected. `product` stands for paid * feeBps: with a fee of at most BPS it grows
/// by at most BPS for each unit paid, which is all that is used of it.
contract FeesModel {
    uint256 private constant BPS = 10_000;

    uint256 private product; // paid * feeBps
    uint256 private fee; // taken from this lease so far
    bool private aboveStep; // ghost: a fee was larger than the step it was taken from
    uint256 private burned;
    uint256 private sent;

    function feeOfTheWhole() external view {
        assert(fee == product / BPS);
        assert(!aboveStep);
    }

    function burnedAndSent() external view {
        assert(burned + sent <= fee);
    }

    function settle(uint128 step, uint256 growth) external {
        require(growth <= BPS * uint256(step) && product + growth <= type(uint144).max);
        uint256 next = product + growth;
        uint256 part = next / BPS - product / BPS; // seeded fee-of-the-step: uint256 part = growth / BPS;
        if (part > step) aboveStep = true;
        fee += part;
        product = next;
    }

    /// @dev `burn` is fees * burnBps: at most BPS times the fees.
    function collectFees(uint256 burn) external {
        uint256 fees = fee - burned - sent;
        require(burn <= BPS * fees);
        uint256 part = burn / BPS;
        burned += part;
        sent += fees - part; // seeded burnt-and-sent: sent += fees;
        assert(burned + sent == fee);
    }
}
