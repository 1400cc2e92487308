using System.Security.Cryptography;
using System.Text;

namespace PtaKernels.Gate;

/// <summary>The work tree and what git knows of it.</summary>
internal sealed class Checkout(string root)
{
    /// <summary>The sources of the native library.</summary>
    public static readonly string[] Native = ["native"];

    /// <summary>The sources of the managed programs.</summary>
    public static readonly string[] Managed = ["src", "perf/benchmarks", "Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props", "global.json"];

    /// <summary>The sources of the kernels' PTX.</summary>
    public static readonly string[] Kernels = ["src/PtaKernels", "src/PtaKernels.Gpu", "src/PtaKernels.Ptx"];

    /// <summary>Its folder.</summary>
    public string Root => root;

    /// <summary>The commit to compare with where none is given: HEAD when src/ or native/ have changes, else the one before.</summary>
    public string DefaultBase() => SameAs("HEAD", ["src", "native"]) ? "HEAD~1" : "HEAD";

    /// <summary>A commit's full hash; null where this clone has no such commit.</summary>
    public string? Find(string commit)
    {
        ChildProcess run = Git("rev-parse", "--verify", "--quiet", commit + "^{commit}");
        return run.Status == 0 ? run.Output.Trim() : null;
    }

    /// <summary>Whether the work tree has these paths as a commit has them, files that git does not know yet among them.</summary>
    public bool SameAs(string commit, IEnumerable<string> paths)
    {
        string[] all = [.. paths];
        return Git(["diff", "--quiet", commit, "--", .. all]).Status == 0 && Git(["ls-files", "--others", "--exclude-standard", "--", .. all]).Output.Length == 0;
    }

    /// <summary>Whether a commit has a file or folder.</summary>
    public bool Has(string commit, string path) => Git("cat-file", "-e", $"{commit}:{path}").Status == 0;

    /// <summary>A file as a commit has it; empty where it has none.</summary>
    public string TextOf(string commit, string path) => Git("show", $"{commit}:{path}") is { Status: 0 } run ? run.Output : "";

    /// <summary>Twelve digits that stand for what a commit has of some paths.</summary>
    public string KeyOf(string commit, IEnumerable<string> paths)
    {
        string trees = string.Join('\n', paths.Select(path => Git("rev-parse", "--verify", "--quiet", $"{commit}:{path}").Output.Trim()));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(trees)))[..12];
    }

    /// <summary>Unpacks what a commit has of some paths, with today's times, so that nothing built of other sources counts as newer.</summary>
    public void Unpack(string commit, IEnumerable<string> paths, string folder)
    {
        string archive = Path.Combine(folder, "sources.tar");
        Directory.CreateDirectory(folder);
        ChildProcess.Require(root, "git", [.. Safe, "archive", "--format=tar", "-o", archive, commit, "--", .. paths.Where(p => Has(commit, p))]);
        ChildProcess.Require(folder, "tar", ["-xmf", archive]);
        File.Delete(archive);
    }

    // A checkout that belongs to another user is still only read.
    private static string[] Safe => ["-c", "safe.directory=*"];

    private ChildProcess Git(params string[] arguments) => ChildProcess.Run(root, "git", [.. Safe, .. arguments]);
}
