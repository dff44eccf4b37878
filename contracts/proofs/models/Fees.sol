// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev I7 and I10 of the fee: floor(paid * feeBps / BPS) however often a lease settles, never more than the step that
/// pays it. `product` stands for paid * feeBps: with a fee of at most BPS it grows by at most BPS for each unit paid,
/// which is all that is used of it.
contract FeesModel {
    uint256 private constant BPS = 10_000;

    uint256 private product; // paid * feeBps
    uint256 private fee; // taken from this lease so far
    bool private aboveStep; // ghost: a fee was larger than the step it was taken from

    function feeOfTheWhole() external view {
        assert(fee == product / BPS);
        assert(!aboveStep);
    }

    function settle(uint128 step, uint256 growth) external {
        require(growth <= BPS * uint256(step) && product + growth <= type(uint144).max);
        uint256 next = product + growth;
        uint256 part = next / BPS - product / BPS; // seeded fee-of-the-step: uint256 part = growth / BPS;
        if (part > step) aboveStep = true;
        fee += part;
        product = next;
    }
}
