namespace PtaKernels.Ptx.Check;

/// <summary>A natural loop of a kernel.</summary>
/// <param name="Address">Of the first instruction of its header.</param>
/// <param name="Depth">1 for a loop inside no other.</param>
/// <param name="Innermost">Whether no other loop is inside.</param>
/// <param name="Instructions">All of its instructions, those of inner loops too, each once.</param>
/// <param name="Own">Those of no inner loop.</param>
internal sealed record SassLoop(int Address, int Depth, bool Innermost, IReadOnlyList<SassInstruction> Instructions, IReadOnlyList<SassInstruction> Own);

/// <summary>The control flow of a kernel: what can be reached at all, and the loops in it.</summary>
internal sealed class SassLoops
{
    private readonly SassListing _listing;
    private readonly int[] _starts;
    private readonly List<int>[] _next;
    private readonly List<int>[] _previous;

    private SassLoops(SassListing listing)
    {
        _listing = listing;
        _starts = BlockStarts(listing);
        _next = [.. _starts.Select((_, block) => Successors(block))];
        _previous = [.. _starts.Select(static _ => new List<int>())];
        for (int block = 0; block < _next.Length; block++)
        {
            foreach (int next in _next[block])
                _previous[next].Add(block);
        }
    }

    /// <summary>The instructions that a whole warp can reach: no padding, no way out for diverged lanes.</summary>
    public IReadOnlyList<SassInstruction> Reached { get; private set; } = [];

    /// <summary>In the order of their addresses.</summary>
    public IReadOnlyList<SassLoop> Loops { get; private set; } = [];

    public static SassLoops Find(SassListing listing)
    {
        var flow = new SassLoops(listing);
        bool[] reached = flow.ReachableFrom(0);
        bool[][] dominators = flow.Dominators(reached);
        flow.Reached = [.. Enumerable.Range(0, reached.Length).Where(block => reached[block]).SelectMany(flow.InstructionsOf)];

        // Loops with one header are one loop with several ways back.
        var bodies = new SortedDictionary<int, HashSet<int>>();
        for (int block = 0; block < reached.Length; block++)
        {
            foreach (int header in flow._next[block].Where(next => reached[block] && dominators[block][next]))
            {
                if (!bodies.TryGetValue(header, out HashSet<int>? body))
                    bodies[header] = body = [header];
                flow.AddBody(body, block);
            }
        }

        flow.Loops = [.. bodies.Select(loop => flow.LoopOf(loop.Key, [.. loop.Value.Where(block => reached[block])], bodies))];
        return flow;
    }

    private SassLoop LoopOf(int header, HashSet<int> body, SortedDictionary<int, HashSet<int>> bodies)
    {
        HashSet<int>[] inner = [.. bodies.Where(other => other.Key != header && body.Contains(other.Key)).Select(static other => other.Value)];
        return new SassLoop(
            _listing.Kernel[_starts[header]].Address,
            bodies.Values.Count(other => other.Contains(header)),
            inner.Length == 0,
            [.. body.Order().SelectMany(InstructionsOf)],
            [.. body.Where(block => !inner.Any(other => other.Contains(block))).Order().SelectMany(InstructionsOf)]);
    }

    private static int[] BlockStarts(SassListing listing)
    {
        var starts = new SortedSet<int> { 0 };
        starts.UnionWith(listing.Labels.Values.Where(index => index < listing.Kernel.Count));
        for (int i = 0; i + 1 < listing.Kernel.Count; i++)
        {
            if (listing.Kernel[i].Targets.Count > 0 || !listing.Kernel[i].FallsThrough)
                starts.Add(i + 1);
        }

        return [.. starts];
    }

    private int EndOf(int block) => block + 1 < _starts.Length ? _starts[block + 1] : _listing.Kernel.Count;

    private IEnumerable<SassInstruction> InstructionsOf(int block) =>
        Enumerable.Range(_starts[block], EndOf(block) - _starts[block]).Select(i => _listing.Kernel[i]);

    private List<int> Successors(int block)
    {
        var next = new List<int>();
        SassInstruction last = _listing.Kernel[EndOf(block) - 1];
        foreach (string target in last.Targets)
        {
            if (_listing.Labels.TryGetValue(target, out int index) && index < _listing.Kernel.Count)
                next.Add(Array.BinarySearch(_starts, index));
        }

        if (last.FallsThrough && block + 1 < _starts.Length && !next.Contains(block + 1))
            next.Add(block + 1);
        return next;
    }

    private bool[] ReachableFrom(int start)
    {
        bool[] reached = new bool[_starts.Length];
        var open = new Stack<int>([start]);
        while (open.TryPop(out int block))
        {
            if (reached[block])
                continue;
            reached[block] = true;
            foreach (int next in _next[block])
                open.Push(next);
        }

        return reached;
    }

    /// <summary>[b][d]: every way from the start to block b passes block d. By repeated intersection; a kernel has some hundred blocks.</summary>
    private bool[][] Dominators(bool[] reached)
    {
        bool[][] dominators = [.. reached.Select((isReached, block) =>
            Enumerable.Range(0, reached.Length).Select(other => block == 0 ? other == 0 : isReached).ToArray())];
        for (bool changed = true; changed;)
        {
            changed = false;
            for (int block = 1; block < reached.Length; block++)
            {
                if (!reached[block])
                    continue;
                for (int other = 0; other < reached.Length; other++)
                {
                    if (dominators[block][other] && other != block && _previous[block].Exists(p => reached[p] && !dominators[p][other]))
                    {
                        dominators[block][other] = false;
                        changed = true;
                    }
                }
            }
        }

        return dominators;
    }

    private void AddBody(HashSet<int> body, int last)
    {
        var open = new Stack<int>([last]);
        while (open.TryPop(out int block))
        {
            if (!body.Add(block))
                continue;
            foreach (int previous in _previous[block])
                open.Push(previous);
        }
    }
}
