namespace PtaKernels.Text;

/// <summary>Byte strings with a value each, walked byte by byte: a double array, so a step is one look-up.</summary>
internal sealed class PieceTrie
{
    /// <summary>Free places looked at for a node's children before the array grows by a block instead; bounds the time to build.</summary>
    private const int MaxTries = 128;

    private const int Block = 256;

    private Node[] _nodes = [];
    private int _used;

    /// <summary>The free places behind one another, in a ring through place 0; only while building.</summary>
    private (int Previous, int Next)[] _free = [];

    /// <summary>Takes keys, each once and none empty, with values that are not negative.</summary>
    public PieceTrie(IReadOnlyList<(byte[] Key, int Value)> pieces)
    {
        (byte[] Key, int Value)[] sorted = [.. pieces];
        Array.Sort(sorted, static (a, b) => a.Key.AsSpan().SequenceCompareTo(b.Key));
        Grow();
        _nodes[0].Parent = 0;
        var open = new Stack<(int Node, int First, int End, int Depth)>();
        open.Push((0, 0, sorted.Length, 0));
        Span<(byte Label, int First, int End)> children = new (byte, int, int)[Block];
        while (open.TryPop(out (int Node, int First, int End, int Depth) range))
        {
            (int node, int first, int end, int depth) = range;
            if (first < end && sorted[first].Key.Length == depth)
                _nodes[node].Value = sorted[first++].Value + 1;
            int count = 0;
            for (int i = first; i < end; i++)
            {
                byte label = sorted[i].Key[depth];
                if (count == 0 || children[count - 1].Label != label)
                    children[count++] = (label, i, i);
                children[count - 1].End = i + 1;
            }

            if (count == 0)
                continue;
            int place = Place(children[..count]);
            _nodes[node].Base = place;
            foreach ((byte label, int from, int to) in children[..count])
            {
                _nodes[place ^ label].Parent = node;
                open.Push((place ^ label, from, to, depth + 1));
            }
        }

        _free = [];
    }

    /// <summary>The node before any byte.</summary>
    public static int Root => 0;

    /// <summary>Steps on by a byte; false where no key goes on so.</summary>
    public bool Step(ref int node, byte label)
    {
        Node[] nodes = _nodes;
        int next = nodes[node].Base ^ label;
        if (nodes[next].Parent != node || next == 0)
            return false;
        node = next;
        return true;
    }

    /// <summary>The value of the key that ends here, or -1.</summary>
    public int ValueAt(int node) => _nodes[node].Value - 1;

    /// <summary>The value of a key, or -1.</summary>
    public int Find(ReadOnlySpan<byte> key)
    {
        int node = Root;
        foreach (byte label in key)
        {
            if (!Step(ref node, label))
                return -1;
        }

        return ValueAt(node);
    }

    /// <summary>The longest key that a text starts with: its length in bytes, 0 for none, and its value.</summary>
    public int LongestPrefix(ReadOnlySpan<byte> text, out int value)
    {
        (int node, int longest) = (Root, 0);
        value = -1;
        for (int i = 0; i < text.Length && Step(ref node, text[i]); i++)
        {
            if (ValueAt(node) is >= 0 and int found)
                (longest, value) = (i + 1, found);
        }

        return longest;
    }

    /// <summary>A base at which all children are free; takes their places.</summary>
    private int Place(ReadOnlySpan<(byte Label, int First, int End)> children)
    {
        int tries = 0;
        for (int free = _free[0].Next; free != 0 && tries < MaxTries; free = _free[free].Next, tries++)
        {
            int place = free ^ children[0].Label;
            if (Fits(place, children))
                return Take(place, children);
        }

        // The oldest places are the hardest to fill: one is given up, so that the next search does not end there as well.
        if (tries == MaxTries)
            Unlink(_free[0].Next);
        return Take(Grow(), children);
    }

    private bool Fits(int place, ReadOnlySpan<(byte Label, int First, int End)> children)
    {
        foreach ((byte label, _, _) in children)
        {
            // Place 0 is the root's for good.
            if (_nodes[place ^ label].Parent >= 0)
                return false;
        }

        return true;
    }

    private int Take(int place, ReadOnlySpan<(byte Label, int First, int End)> children)
    {
        foreach ((byte label, _, _) in children)
        {
            _nodes[place ^ label].Parent = 0;
            Unlink(place ^ label);
        }

        return place;
    }

    private void Unlink(int place)
    {
        (int previous, int next) = _free[place];
        if (next == place)
            return;
        _free[previous].Next = next;
        _free[next].Previous = previous;
        _free[place] = (place, place);
    }

    /// <summary>Adds a block of free places; returns its first one.</summary>
    private int Grow()
    {
        int start = _used;
        _used += Block;
        if (_used > _nodes.Length)
        {
            Array.Resize(ref _nodes, Math.Max(2 * _nodes.Length, _used));
            Array.Resize(ref _free, _nodes.Length);
        }

        for (int place = start; place < _used; place++)
        {
            _nodes[place].Parent = -1;
            if (place == 0)
                continue;
            int last = _free[0].Previous;
            _free[place] = (last, 0);
            _free[last].Next = place;
            _free[0].Previous = place;
        }

        return start;
    }

    private struct Node
    {
        /// <summary>The place of the child with label 0, whether there is one or not.</summary>
        public int Base;

        /// <summary>The place of the parent, -1 where the place is free.</summary>
        public int Parent;

        /// <summary>One more than the value of the key that ends here, 0 for none.</summary>
        public int Value;
    }
}
