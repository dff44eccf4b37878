// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev What is burnt and what the sink gets is what was collected, and never more than what accrued. `burn` stands for
/// fees * burnBps, of which only is used that it is at most BPS times the fees.
contract BurnModel {
    uint256 private constant BPS = 10_000;

    uint256 private accrued;
    uint256 private fees; // not collected yet
    uint256 private burned;
    uint256 private sent;

    function nothingLost() external view {
        assert(burned + sent + fees == accrued);
    }

    function pay(uint128 fee) external {
        require(accrued + fee <= type(uint128).max);
        accrued += fee;
        fees += fee;
    }

    function collectFees(uint256 burn) external {
        require(burn <= BPS * fees);
        uint256 part = burn / BPS;
        burned += part;
        sent += fees - part; // seeded burnt-and-sent: sent += fees;
        fees = 0;
    }
}
