using System.CommandLine;
using PtaKernels.Cli;

namespace PtaKernels.CorpusBench;

/// <summary><c>pta-corpus flip</c>: every flipped bit of a store is found, and what is damaged is made again to the same bytes.</summary>
internal static class FlipCommand
{
    /// <summary>The verb.</summary>
    public static Verb Create()
    {
        BreakingOptions options = Breaking.Options(500);
        Option<int> times = ValueOption.Count("--times", "bits", 200), repairs = ValueOption.Count("--repairs", "bits after which `pta store repair` is to make the store whole", 20);
        var verb = new Verb("flip", "Flip single bits anywhere in the files of a store: `pta store check` must name the file, `pta store repair` must bring back every byte.", "pta-corpus flip --times 200") { times, repairs };
        options.AddTo(verb);
        verb.TimeToStop = TimeSpan.FromMinutes(1);
        verb.SetAction((parse, cancellation) => Task.Run(() =>
        {
            using var breaking = Breaking.Of(parse, options);
            if (!Directory.Exists(breaking.Expected))
                throw new AlignmentDataException($"{breaking.Expected}: is no store; make the corpus with --form store.");
            string store = breaking.Named("flipped");
            AlignWork.Remove(store);
            Copy(breaking.Expected, store);
            var draws = new Draws((ulong)parse.GetValue(options.Seed));
            using (PtaProcess whole = PtaProcess.RunAnyhow(["store", "check", store]))
                breaking.Count("an undamaged store", whole.ExitCode == 0 ? null : $"`pta store check` says {whole.Text.Trim()}");
            int count = parse.GetValue(times), repaired = parse.GetValue(repairs);
            for (int i = 0; i < Math.Max(count, repaired); i++)
            {
                cancellation.ThrowIfCancellationRequested();
                Bit bit = Bit.Draw(store, ref draws);
                bit.Flip();
                if (i < count)
                    breaking.Count($"{bit}", CheckProblem(store, bit));
                if (i < repaired)
                {
                    breaking.Count($"repair of {bit}", RepairProblem(breaking.Expected, store));
                    if (FolderBytes.Difference(breaking.Expected, store) is not null)
                        Again(breaking.Expected, store);
                }
                else
                {
                    bit.Flip();
                }
            }

            breaking.Conclude();
            return breaking.ExitCode;
        }, cancellation));
        return verb;
    }

    private static string? CheckProblem(string store, Bit bit)
    {
        using PtaProcess check = PtaProcess.RunAnyhow(["store", "check", store]);
        string said = check.Text.Trim();
        return check.ExitCode == 0 ? "`pta store check` finds nothing"
            : said.Contains("   at ", StringComparison.Ordinal) ? $"`pta store check` ends with a stack trace: {said}"
            : said.Contains(bit.Name, StringComparison.Ordinal) ? null : $"`pta store check` does not name the file: {said}";
    }

    private static string? RepairProblem(string expected, string store)
    {
        using PtaProcess repair = PtaProcess.RunAnyhow(["store", "repair", store]);
        return repair.ExitCode != 0 ? $"`pta store repair` ends with status {repair.ExitCode}: {repair.Text.Trim()}" : FolderBytes.Difference(expected, store);
    }

    private static void Again(string expected, string store)
    {
        AlignWork.Remove(store);
        Copy(expected, store);
    }

    private static void Copy(string from, string to)
    {
        foreach ((string name, string path) in FolderBytes.FilesOf(from))
        {
            string copy = Path.Combine(to, name);
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(path, copy);
        }
    }

    /// <summary>One bit of a file.</summary>
    private sealed record Bit(string Path, string Name, long Byte, int Place)
    {
        /// <summary>Three of four by where most bytes are, one of four by file, so that small files have their share.</summary>
        public static Bit Draw(string store, ref Draws draws)
        {
            (string Name, string Path)[] files = [.. FolderBytes.FilesOf(store).Where(static f => new FileInfo(f.Path).Length > 0)];
            int chosen = draws.Below(files.Length);
            if (draws.Below(4) > 0)
            {
                long at = (long)(draws.Unit() * files.Sum(static f => new FileInfo(f.Path).Length));
                for (chosen = 0; at >= new FileInfo(files[chosen].Path).Length; chosen++)
                    at -= new FileInfo(files[chosen].Path).Length;
            }

            (string name, string path) = files[chosen];
            return new Bit(path, name, (long)(draws.Unit() * new FileInfo(path).Length), draws.Below(8));
        }

        public void Flip()
        {
            using FileStream file = File.Open(Path, FileMode.Open, FileAccess.ReadWrite);
            file.Position = Byte;
            int value = file.ReadByte() ^ (1 << Place);
            file.Position = Byte;
            file.WriteByte((byte)value);
        }

        public override string ToString() => $"bit {Place} of byte {Byte} of {Name}";
    }
}
