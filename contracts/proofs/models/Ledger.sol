// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev I1 in one token, without donations: what the market holds is what it owes. Sums over all accounts, credits and
/// live leases stand for the mappings; each function is one of the market's, named in proofs/README.md.
contract LedgerModel {
    uint256 private held; // balanceOf(market)
    uint256 private cash; // of all accounts
    uint256 private credit; // of all funders' references
    uint256 private escrow; // of all live leases, less what they paid
    uint256 private fees;

    function solvency() external view {
        assert(held == cash + credit + escrow + fees);
    }

    function deposit(uint256 amount) external {
        require(amount <= type(uint128).max && held <= type(uint128).max - amount); // the token's supply: listToken
        held += amount;
        cash += amount; // seeded deposit-credited-twice: cash += 2 * amount;
    }

    function withdraw(uint256 amount) external {
        require(amount <= cash);
        cash -= amount; // seeded withdrawal-not-debited:
        held -= amount;
    }

    function moveCredit(uint256 amount, bool into) external {
        require(amount <= (into ? cash : credit));
        cash = into ? cash - amount : cash + amount;
        credit = into ? credit + amount : credit - amount;
    }

    function takeEscrow(uint256 amount, bool funded) external {
        require(amount <= (funded ? credit : cash));
        if (funded) credit -= amount;
        else cash -= amount;
        escrow += amount;
    }

    function pay(uint256 step, uint256 fee) external {
        require(step <= escrow && fee <= step);
        escrow -= step;
        cash += step - fee; // seeded fee-not-taken-from-rent: cash += step;
        fees += fee;
    }

    function end(uint256 refund, bool funded) external {
        require(refund <= escrow);
        escrow -= refund;
        if (funded) credit += refund;
        else cash += refund;
    }

    function collectFees(uint256 burned) external {
        require(burned <= fees);
        held -= burned;
        held -= fees - burned;
        fees = 0;
    }
}
