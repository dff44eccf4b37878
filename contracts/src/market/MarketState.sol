// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ILeaseMarketEvents} from "../interfaces/ILeaseMarketEvents.sol";
import {LeaseHash} from "../libraries/LeaseHash.sol";
import {Word} from "../libraries/Words.sol";

/// @title Storage, bounds and the signing domain of the lease market
/// @dev Every word that the hot paths write is touched once and never returns to zero, so that no slot is created
/// twice: ledger words carry a counter, fee words a flag, unit words a growing seq.
abstract contract MarketState is ILeaseMarketEvents {
    /// @dev Highest fee of a token, ten-thousandths of the rent.
    uint16 internal constant MAX_FEE_BPS = 1_000;
    /// @dev Largest part of a fee that a discount can waive.
    uint16 internal constant MAX_DISCOUNT_BPS = 5_000;
    /// @dev Smallest part of GP fees that is burnt.
    uint16 internal constant MIN_BURN_BPS = 1_000;
    /// @dev Most tokens ever listed; it bounds `cancelAll` and `pause`.
    uint256 internal constant MAX_TOKENS = 8;
    /// @dev Longest grace of an offer, seconds. The client does not sign the grace, and it is what a stolen lease key
    /// can pay ahead of the clock.
    uint32 internal constant MAX_GRACE = 1 days;
    /// @dev Bounds of CLOSE_WINDOW, seconds.
    uint40 internal constant MIN_CLOSE_WINDOW = 1 minutes;
    uint40 internal constant MAX_CLOSE_WINDOW = 7 days;
    /// @dev Gas given to a funder and to the fee source.
    uint256 internal constant FUNDER_GAS = 500_000;
    uint256 internal constant FEE_SOURCE_GAS = 50_000;

    uint256 internal constant BPS = 10_000;
    uint256 internal constant FEES_TOUCHED = 1 << 255;
    uint256 internal constant CREDIT_TOUCHED = 1 << 255;

    // Layout of a token's word: address feeSource | uint16 feeBps << 160 | listed << 176 | paused << 177.
    uint256 internal constant FEE_BPS_SHIFT = 160;
    uint256 internal constant LISTED = 1 << 176;
    uint256 internal constant PAUSED = 1 << 177;

    bytes32 private constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant NAME_HASH = keccak256("Corepool LeaseMarket");
    bytes32 private constant VERSION_HASH = keccak256("1");

    /// @notice The token whose fees are burnt.
    address public immutable GP;
    /// @notice Seconds between a client's `requestClose`, or the end of a lease, and the time anyone may finalise.
    uint40 public immutable CLOSE_WINDOW;
    uint256 private immutable CACHED_CHAIN_ID;
    bytes32 private immutable CACHED_DOMAIN;

    /// @dev By token and account, as words of their addresses; see Ledger for the word.
    mapping(uint256 token => mapping(uint256 account => Word)) internal _ledger;
    /// @dev uint128 credit | CREDIT_TOUCHED, by keccak256(abi.encode(funder, ref)): the full hash, not an address, so
    /// that no key pair can ever be found for it.
    mapping(address token => mapping(bytes32 key => Word)) internal _credit;
    /// @dev By provider << 64 | unit: uint32 seq while idle, keccak256(abi.encode(Terms)) while leased.
    mapping(uint256 providerAndUnit => Word) internal _unit;
    /// @dev By struct hash; see Ledger for the word.
    mapping(bytes32 mandate => Word) internal _mandate;
    mapping(address token => uint256) internal _token;
    /// @dev uint128 fees | FEES_TOUCHED.
    mapping(uint256 token => Word) internal _fees;
    address[] internal _tokens;

    /// @dev Where the unburnt part of GP fees goes, and the part that is burnt.
    address internal _feeSink;
    uint16 internal _burnBps;
    /// @dev Who takes the fees in other tokens.
    address internal _feeAuction;
    /// @dev Where discounts are read.
    address internal _feeSource;

    constructor(address gp, uint16 burnBps_, uint40 closeWindow) {
        if (gp == address(0)) revert ZeroAddress();
        if (burnBps_ < MIN_BURN_BPS || burnBps_ > BPS) revert OutOfBounds();
        if (closeWindow < MIN_CLOSE_WINDOW || closeWindow > MAX_CLOSE_WINDOW) revert OutOfBounds();
        GP = gp;
        _burnBps = burnBps_;
        emit BurnShareSet(burnBps_);
        CLOSE_WINDOW = closeWindow;
        CACHED_CHAIN_ID = block.chainid;
        CACHED_DOMAIN = _buildDomain();
    }

    /// @notice The EIP-712 domain separator; computed anew on a fork with another chain id.
    function domainSeparator() public view returns (bytes32) {
        return block.chainid == CACHED_CHAIN_ID ? CACHED_DOMAIN : _buildDomain();
    }

    function _buildDomain() private view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPEHASH, NAME_HASH, VERSION_HASH, block.chainid, address(this)));
    }

    function _digest(bytes32 structHash) internal view returns (bytes32) {
        return LeaseHash.digest(domainSeparator(), structHash);
    }

    /// @dev The word of a token in which entry is allowed.
    function _openToken(address token) internal view returns (uint256 word) {
        word = _token[token];
        if (word & LISTED == 0) revert TokenNotListed(token);
        if (word & PAUSED != 0) revert EntryIsPaused(token);
    }

    /// @dev Both words are cut here: the word of an offer may carry dirty bits that its provider signed, and a lease in
    /// a slot that clean terms cannot name could never end.
    function _slotOf(uint256 provider, uint256 unit) internal view returns (Word storage) {
        return _unit[(uint256(uint160(provider)) << 64) | uint64(unit)];
    }

    function _creditKey(address funder, bytes32 ref) internal pure returns (bytes32) {
        return LeaseHash.one(bytes32(uint256(uint160(funder))), ref);
    }

}
