// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev I6 of a mandate: all escrow ever opened under it is at most its total, one lease's at most its own limit, and
/// nothing is opened after its revocation.
contract MandateModel {
    uint256 private immutable MAX_TOTAL;
    uint256 private immutable MAX_ESCROW;

    uint256 private committed;
    bool private revoked;
    uint256 private atRevocation; // ghost
    uint256 private largest; // ghost: of the escrows opened

    constructor(uint128 maxTotal, uint128 maxEscrow) {
        MAX_TOTAL = maxTotal;
        MAX_ESCROW = maxEscrow;
    }

    function withinLimits() external view {
        assert(committed <= MAX_TOTAL && largest <= MAX_ESCROW && (!revoked || committed == atRevocation));
    }

    function spend(uint128 escrow) external {
        require(escrow <= MAX_ESCROW);
        require(!revoked); // seeded revoked-still-spends:
        require(escrow + committed <= MAX_TOTAL); // seeded limit-of-one-only: require(escrow <= MAX_TOTAL);
        committed += escrow;
        if (escrow > largest) largest = escrow;
    }

    function revoke() external {
        if (!revoked) atRevocation = committed;
        revoked = true;
    }
}
