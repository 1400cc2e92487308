using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>Projection <c>byte</c>, one thread per row; see <see cref="Rules.ByteProjection"/>, whose operations these are, in their order.</summary>
/// <remarks>
/// What a thread keeps of its row lies [candidate, row] in memory, so that the lanes of a warp, which walk their candidates together, read neighbours. Nothing
/// is marked by token: whether a candidate names a token one by one follows from the same walk that adds up its mass.
/// </remarks>
internal static class ByteProjectionKernel
{
    private const int Not = 0, Longer = 1, ByName = 2;

    /// <summary>From masses and fits to finished rows.</summary>
    /// <param name="arguments">The rows; their candidates' masses and fits are collected.</param>
    [GpuKernel(threads: 128, registers: 64, ExactFloat64 = true)]
    public static void Rows(Arguments arguments)
    {
        int r = Grid.GlobalIndex.X;
        if (r >= arguments.Rows.Count)
            return;
        RowArguments rows = arguments.Rows;
        rows.ResultCounts[r] = -1;
        Giver giver = Collect(arguments, r);
        // The difference of a number to itself is 0, of infinity or NaN to itself NaN.
        if (giver.All - giver.All != 0)
            return;
        Taker taker = WeighOwn(arguments, r);
        for (int c = 0; c < giver.Count; c++)
            SumWeights(arguments, r, c, taker);
        int kept = Keep(arguments, r, giver.Count, taker.Count);
        FusedRowKernel.Complete(rows, r, kept, giver.All);
    }

    /// <summary>Candidates that have mass and something to give it to.</summary>
    private static Giver Collect(Arguments arguments, int r)
    {
        RowArguments rows = arguments.Rows;
        long own = (long)r * rows.Used, at = r;
        var giver = default(Giver);
        for (int c = 0; c < rows.RowCounts[r]; c++)
        {
            double mass = rows.RowMass[own + c];
            int id = rows.RowIds[own + c];
            if (!(mass > 0) || id < 0)
                continue;
            arguments.Fit[at] = id;
            arguments.First[at] = arguments.Fits[id].First;
            arguments.FirstLength[at] = arguments.Fits[id].FirstLength;
            arguments.Length[at] = arguments.Fits[id].Length;
            arguments.Start[at] = arguments.Fits[id].Start;
            arguments.End[at] = arguments.Fits[id].End;
            arguments.Mass[at] = mass;
            giver.All += mass;
            giver.Count++;
            at += rows.Count;
        }

        return giver;
    }

    /// <summary>The target's own weights; of a token that stands there twice the first one that is over 0.</summary>
    private static Taker WeighOwn(Arguments arguments, int r)
    {
        RowArguments rows = arguments.Rows;
        long target = (long)rows.TargetRow[r] * rows.TargetK, at = r;
        double largest = double.NegativeInfinity, least = double.PositiveInfinity;
        for (int j = 0; j < rows.ColumnsUsed; j++)
        {
            double logit = rows.TargetLogits[target + j];
            largest = logit > largest ? logit : largest;
            least = logit < least ? logit : least;
        }

        var taker = default(Taker);
        for (int j = 0; j < rows.ColumnsUsed; j++)
        {
            double weight = DeviceMath.WideExp((rows.TargetLogits[target + j] - largest) / rows.Temperature, rows.Powers);
            int token = rows.TargetCandidates[target + j];
            if (!(weight > 0) || OwnWeight(arguments, r, taker.Count, token) > 0)
                continue;
            TokenPlace place = arguments.Places[token];
            arguments.OwnToken[at] = token;
            arguments.OwnPlace[at] = place.Place;
            arguments.OwnLength[at] = place.Length;
            arguments.OwnWeight[at] = weight;
            taker.Count++;
            at += rows.Count;
        }

        taker.Other = DeviceMath.WideExp(((least - largest) / rows.Temperature) - 1, rows.Powers);
        return taker;
    }

    private static void SumWeights(Arguments arguments, int r, int candidate, Taker taker)
    {
        int stride = arguments.Rows.Count;
        long at = r + ((long)candidate * stride), own = r;
        double weights = 0, discounted = 0;
        int count = 0, length = arguments.Length[at];
        for (int j = 0; j < taker.Count; j++)
        {
            int bytes = arguments.OwnLength[own];
            if (Takes(arguments, at, arguments.OwnToken[own], arguments.OwnPlace[own], bytes) != Not)
            {
                weights += arguments.OwnWeight[own];
                discounted += DiscountOf(arguments, bytes, length);
                count++;
            }

            own += stride;
        }

        int id = arguments.Fit[at];
        double discounts = arguments.Fits[id].Discounts, left = discounts - discounted;
        double rest = count == arguments.Fits[id].Count || !(left > 0) ? 0 : left;
        double sum = weights + (taker.Other * rest);
        // Where the target gives all that fit no probability, they share by the discounts alone.
        bool any = sum > 0;
        arguments.Other[at] = any ? taker.Other : 1;
        arguments.Sum[at] = any ? sum : discounts;
    }

    /// <summary>The heaviest tokens of the row, into its results; returns how many.</summary>
    private static int Keep(Arguments arguments, int r, int candidates, int own)
    {
        int stride = arguments.Rows.Count, kept = 0;
        long at = r;
        for (int j = 0; j < own; j++)
        {
            Share share = ShareOf(arguments, r, candidates, arguments.OwnToken[at], arguments.OwnWeight[at]);
            int more = Offer(arguments.Rows, r, kept, arguments.OwnToken[at], share.Mass);
            kept = more < 0 ? kept : more;
            at += stride;
        }

        // First what each candidate names one by one, then its longer tokens from the heaviest on, until one is lighter than all that are kept.
        for (int turn = 0; turn < 2 * candidates; turn++)
        {
            bool named = turn < candidates;
            int c = named ? turn : turn - candidates;
            int id = arguments.Fit[r + ((long)c * stride)];
            int from = arguments.Fits[id].Tokens, names = arguments.Fits[id].Named;
            int end = named ? from + names : from + names + arguments.Fits[id].Heaviest;
            for (int i = named ? from : from + names; i < end; i++)
            {
                int token = arguments.FitTokens[i];
                if (OwnWeight(arguments, r, own, token) > 0)
                    continue;
                Share share = ShareOf(arguments, r, candidates, token, 0);
                // Of several candidates that name a token the first offers it, and none that only has it among its longer ones; of these the innermost does.
                bool mine = named ? share.NamedBy == c : share.NamedBy < 0 && share.Innermost == c;
                int more = mine ? Offer(arguments.Rows, r, kept, token, share.Mass) : kept;
                if (more < 0 && !named)
                    break;
                kept = more < 0 ? kept : more;
            }
        }

        return kept;
    }

    /// <summary>A token's mass, and which candidates speak for it.</summary>
    private static Share ShareOf(Arguments arguments, int r, int candidates, int token, double ownWeight)
    {
        TokenPlace place = arguments.Places[token];
        var share = new Share { Innermost = -1, NamedBy = -1 };
        int longest = -1;
        long at = r;
        for (int c = 0; c < candidates; c++)
        {
            int takes = Takes(arguments, at, token, place.Place, place.Length);
            if (takes != Not)
            {
                int length = arguments.Length[at];
                double weight = ownWeight > 0 ? ownWeight : arguments.Other[at] * DiscountOf(arguments, place.Length, length);
                share.Mass += arguments.Mass[at] * (weight / arguments.Sum[at]);
                share.Innermost = length >= longest ? c : share.Innermost;
                longest = length >= longest ? length : longest;
                share.NamedBy = takes == ByName && share.NamedBy < 0 ? c : share.NamedBy;
            }

            at += arguments.Rows.Count;
        }

        return share;
    }

    /// <summary>Whether a candidate takes a token, and whether it names it; see <see cref="ByteFit.Takes"/>.</summary>
    private static int Takes(Arguments arguments, long at, int token, int place, int length)
    {
        if (token == arguments.First[at])
            return ByName;
        if (length <= arguments.FirstLength[at] || place < 0)
            return Not;
        if (place >= arguments.Start[at] && place < arguments.End[at])
            return Longer;
        // Tokens inside are shorter than the candidate, so that hardly any has to be looked for.
        if (length >= arguments.Length[at])
            return Not;
        int id = arguments.Fit[at], from = arguments.Fits[id].Tokens, end = from + arguments.Fits[id].Named;
        for (int i = from + 1; i < end; i++)
        {
            if (arguments.FitTokens[i] == token)
                return ByName;
        }

        return Not;
    }

    private static double DiscountOf(Arguments arguments, int bytes, int length) => arguments.Discounts[bytes > length ? bytes - length : 0];

    /// <summary>A token's weight among the target's own, 0 where it is none of them.</summary>
    private static double OwnWeight(Arguments arguments, int r, int own, int token)
    {
        long at = r;
        for (int j = 0; j < own; j++)
        {
            if (arguments.OwnToken[at] == token)
                return arguments.OwnWeight[at];
            at += arguments.Rows.Count;
        }

        return 0;
    }

    /// <summary>Puts a token among the heaviest; returns how many there are then, -1 if it is lighter than as many as are kept.</summary>
    private static int Offer(RowArguments rows, int r, int kept, int token, double mass)
    {
        if (!(mass > 0))
            return -1;
        long results = (long)r * rows.ResultRoom;
        if (kept == rows.Kept)
        {
            if (!IsBefore(rows, results + kept - 1, token, mass))
                return -1;
            kept--;
        }

        int at = kept;
        while (at > 0 && IsBefore(rows, results + at - 1, token, mass))
        {
            rows.ResultValues[results + at] = rows.ResultValues[results + at - 1];
            rows.ResultTokens[results + at] = rows.ResultTokens[results + at - 1];
            at--;
        }

        rows.ResultValues[results + at] = mass;
        rows.ResultTokens[results + at] = token;
        return kept + 1;
    }

    private static bool IsBefore(RowArguments rows, long at, int token, double mass) =>
        mass > rows.ResultValues[at] || (mass == rows.ResultValues[at] && token < rows.ResultTokens[at]);

    /// <summary>What the source gives a row.</summary>
    private struct Giver
    {
        /// <summary>Candidates.</summary>
        public int Count;

        /// <summary>Their masses together.</summary>
        public double All;
    }

    /// <summary>What the target thinks of a row.</summary>
    private struct Taker
    {
        /// <summary>Own tokens.</summary>
        public int Count;

        /// <summary>Weight of every other token.</summary>
        public double Other;
    }

    /// <summary>What a token gets.</summary>
    private struct Share
    {
        /// <summary>From all candidates together.</summary>
        public double Mass;

        /// <summary>The candidate with the longest text of those that take it, of several the last; -1 without one.</summary>
        public int Innermost;

        /// <summary>The first candidate that names it, or -1.</summary>
        public int NamedBy;
    }

    /// <summary>Arguments of <see cref="Rows"/>.</summary>
    internal struct Arguments
    {
        /// <summary>The rows; <see cref="RowArguments.RowIds"/> are fits.</summary>
        public RowArguments Rows;

        /// <summary>[fits].</summary>
        public ArrayView<DeviceFit> Fits;

        /// <summary>Tokens of all fits.</summary>
        public ArrayView<int> FitTokens;

        /// <summary>[target vocabulary].</summary>
        public ArrayView<TokenPlace> Places;

        /// <summary>[extra bytes] factor of a token's share.</summary>
        public ArrayView<double> Discounts;

        /// <summary>[n, rows] scratch: fit of each candidate that counts.</summary>
        public ArrayView<int> Fit;

        /// <summary>[n, rows] scratch: <see cref="DeviceFit.First"/>.</summary>
        public ArrayView<int> First;

        /// <summary>[n, rows] scratch: <see cref="DeviceFit.FirstLength"/>.</summary>
        public ArrayView<int> FirstLength;

        /// <summary>[n, rows] scratch: <see cref="DeviceFit.Length"/>.</summary>
        public ArrayView<int> Length;

        /// <summary>[n, rows] scratch: <see cref="DeviceFit.Start"/>.</summary>
        public ArrayView<int> Start;

        /// <summary>[n, rows] scratch: <see cref="DeviceFit.End"/>.</summary>
        public ArrayView<int> End;

        /// <summary>[n, rows] scratch: mass of the candidate.</summary>
        public ArrayView<double> Mass;

        /// <summary>[n, rows] scratch: sum of the weights of all tokens that fit it.</summary>
        public ArrayView<double> Sum;

        /// <summary>[n, rows] scratch: weight of a token that is not the target's own, before its discount.</summary>
        public ArrayView<double> Other;

        /// <summary>[m, rows] scratch: the target's own tokens.</summary>
        public ArrayView<int> OwnToken;

        /// <summary>[m, rows] scratch: their places.</summary>
        public ArrayView<int> OwnPlace;

        /// <summary>[m, rows] scratch: their bytes.</summary>
        public ArrayView<int> OwnLength;

        /// <summary>[m, rows] scratch: their weights.</summary>
        public ArrayView<double> OwnWeight;
    }
}
